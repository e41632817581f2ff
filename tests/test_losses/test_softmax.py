"""Exact softmax: values and gradients."""

import pytest
import torch

from npid_mm.losses import exact_softmax_loss
from tests.test_losses.reference import case, dense_loss, softmax_loop


@pytest.mark.parametrize('temperature', [0.01, 0.05, 0.07, 0.2, 1.0])
@pytest.mark.parametrize('length', [1, 2, 7, 23])
def test_equals_a_plain_loop(length, temperature):
    feature, bank, index, _ = case(length=length)
    loss = exact_softmax_loss(feature, bank, index, temperature)
    loss.backward()
    everything = [range(length)] * len(index)
    value, gradient = softmax_loop(feature, bank, index, everything, temperature)
    torch.testing.assert_close(loss.item(), value, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(feature.grad, torch.tensor(gradient).double(), rtol=1e-6, atol=1e-6)


def test_gradient_equals_numerical_gradient():
    feature, bank, index, _ = case()
    assert torch.autograd.gradcheck(lambda f: exact_softmax_loss(f, bank, index, 0.07), feature)


@pytest.mark.parametrize(
    'dtype, tolerance', [(torch.float64, 1e-12), (torch.float32, 1e-5)], ids=['f64', 'f32']
)
@pytest.mark.parametrize('batch', [1, 32, 300])
def test_equals_dense_cross_entropy_over_several_blocks(batch, dtype, tolerance):
    """N is a multiple of no block, and more than one block at each batch size."""
    feature, bank, index, _ = case(batch=batch, length=8_001 if batch > 32 else 40_001, dim=16)
    expected = dense_loss(feature, bank, index, 0.07)
    (expected_grad,) = torch.autograd.grad(expected, feature)
    own = feature.detach().to(dtype).requires_grad_()
    loss = exact_softmax_loss(own, bank.to(dtype), index, 0.07)
    loss.backward()
    assert loss.dtype == dtype
    torch.testing.assert_close(loss.double(), expected, rtol=tolerance, atol=0)
    error = (own.grad - expected_grad).norm() / expected_grad.norm()
    assert error < tolerance


@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.bfloat16])
def test_one_row_alone_has_no_loss_and_no_gradient(dtype):
    feature, bank, index, _ = case(batch=3, length=1)
    feature = feature.detach().to(torch.promote_types(dtype, torch.float32)).requires_grad_()
    loss = exact_softmax_loss(feature, bank.to(dtype), index, 0.07)
    loss.backward()
    assert loss == 0 and torch.equal(feature.grad, torch.zeros_like(feature))


@pytest.mark.parametrize('scale', [1e-3, 1e3])
def test_extreme_features_stay_finite_and_right(scale):
    """Logits up to 1e5: only differences of logits may reach an exponential."""
    feature, bank, index, _ = case(length=50)
    large = (feature.detach() * scale).requires_grad_()
    expected = dense_loss(large, bank, index, 0.01)
    (expected_grad,) = torch.autograd.grad(expected, large)
    single = large.detach().float().requires_grad_()
    loss = exact_softmax_loss(single, bank.float(), index, 0.01)
    loss.backward()
    torch.testing.assert_close(loss.double(), expected, rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(single.grad.double(), expected_grad, rtol=1e-3, atol=1e-2)
