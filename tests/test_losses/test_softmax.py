"""Exact softmax: values, gradients, merging over shards, types, memory."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch.profiler import ProfilerActivity, profile

from npid_mm.losses import (
    exact_softmax_loss,
    merge_softmax_statistics,
    softmax_loss_from_negatives,
    softmax_statistics,
)
from tests.test_losses.reference import case, softmax_loop


def dense_loss(feature, bank, index, temperature):
    return F.cross_entropy(feature @ bank.T / temperature, index)


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
    feature, bank, index, _ = case(batch=batch, length=40_001 if batch > 1 else 600_001, dim=16)
    expected = dense_loss(feature, bank, index, 0.07)
    (expected_grad,) = torch.autograd.grad(expected, feature)
    own = feature.detach().to(dtype).requires_grad_()
    loss = exact_softmax_loss(own, bank.to(dtype), index, 0.07)
    loss.backward()
    assert loss.dtype == dtype
    torch.testing.assert_close(loss.double(), expected, rtol=tolerance, atol=0)
    error = (own.grad - expected_grad).norm() / expected_grad.norm()
    assert error < tolerance


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize('temperature', [0.07, 0.2])
def test_half_bank_gradient_is_within_half_a_percent_for_every_sample(dtype, temperature):
    """Also for a sample that lies on its row, where E - v_i is a small difference of large terms.

    Against float64 on the rows as stored: what storing in half precision costs is not the loss'.
    """
    feature, bank, index, _ = case(batch=8, length=3_001, dim=64, dtype=torch.float32)
    bank = bank.to(dtype)
    with torch.no_grad():
        feature[:4] = bank[index[:4]].float()
    exact_softmax_loss(feature, bank, index, temperature).backward()
    exact = feature.detach().double().requires_grad_()
    dense_loss(exact, bank.double(), index, temperature).backward()
    error = (feature.grad - exact.grad).norm(dim=1) / exact.grad.norm(dim=1)
    assert error.max() < 0.005


@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.bfloat16])
def test_rows_left_out_are_left_out(dtype):
    """Rows of several blocks; a number outside the rows, as of another shard, leaves out none."""
    feature, bank, _, _ = case(batch=32, length=70_001, dim=16)
    feature, bank = feature.detach().float(), bank.to(dtype)
    exclude = torch.arange(32) * 2258  # 0 to 69,998
    exclude[5], exclude[6] = -3, 70_001
    feature = feature if dtype != torch.float64 else feature.double()
    lse, mean = softmax_statistics(feature, bank, 0.07, exclude)
    logits = feature.double() @ bank.double().T / 0.07
    inside = (exclude >= 0) & (exclude < 70_001)
    logits[inside, exclude[inside]] = -torch.inf
    tolerance = {torch.float64: 1e-10, torch.float32: 1e-5, torch.bfloat16: 5e-3}[dtype]
    expected = logits.softmax(1) @ bank.double()
    torch.testing.assert_close(lse.double(), logits.logsumexp(1), rtol=tolerance, atol=0)
    assert ((mean - expected).norm(dim=1) / expected.norm(dim=1)).max() < tolerance


@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.bfloat16])
def test_one_row_alone_has_no_loss_and_no_gradient(dtype):
    feature, bank, index, _ = case(batch=3, length=1)
    feature = feature.detach().to(torch.promote_types(dtype, torch.float32)).requires_grad_()
    loss = exact_softmax_loss(feature, bank.to(dtype), index, 0.07)
    loss.backward()
    assert loss == 0 and torch.equal(feature.grad, torch.zeros_like(feature))


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
@pytest.mark.parametrize('scale, temperature', [(3.0, 0.07), (1.0, 0.01)])
def test_rows_that_are_no_unit_rows_and_small_temperatures_stay_right(dtype, scale, temperature):
    """The CPU's short way counts on logits of unit rows and must notice when they are not."""
    feature, bank, index, _ = case(batch=8, length=5_000, dim=16, dtype=torch.float32)
    bank = (scale * bank).to(dtype)
    exact_softmax_loss(feature, bank, index, temperature).backward()
    exact = feature.detach().double().requires_grad_()
    dense_loss(exact, bank.double(), index, temperature).backward()
    assert (feature.grad - exact.grad).norm() < 1e-4 * exact.grad.norm()


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


@pytest.mark.parametrize('parts', [[23], [10, 13], [0, 1, 22], [23, 0, 0], [0, 0, 23]])
def test_shards_merge_to_the_whole(parts):
    """Also where a shard is empty, as with more ranks than rows."""
    feature, bank, index, _ = case()
    statistics, start = [], 0
    for shard in bank.split(parts):
        statistics.append(softmax_statistics(feature, shard, 0.07, index - start))
        start += len(shard)
    lse, mean = (torch.stack(each) for each in zip(*statistics, strict=True))
    lse, mean = merge_softmax_statistics(lse, mean)
    whole_lse, whole_mean = softmax_statistics(feature, bank, 0.07, index)
    torch.testing.assert_close(lse, whole_lse, rtol=1e-12, atol=0)
    torch.testing.assert_close(mean, whole_mean, rtol=1e-11, atol=1e-14)
    loss = softmax_loss_from_negatives(feature, bank[index], lse, mean, 0.07)
    torch.testing.assert_close(loss, exact_softmax_loss(feature, bank, index, 0.07))


def test_statistics_carry_no_graph():
    feature, bank, _, _ = case()
    assert not any(part.requires_grad for part in softmax_statistics(feature, bank, 0.07))


def test_memory_does_not_grow_with_the_bank():
    """B x N logits would be 32 MB here; the largest allocation is one block of 2 MB."""
    feature, bank, index, _ = case(batch=64, length=131_072, dim=8, dtype=torch.float32)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True, acc_events=True) as prof:
        exact_softmax_loss(feature, bank, index, 0.07).backward()
    largest = max(event.cpu_memory_usage for event in prof.events())
    assert 2**20 < largest <= 2**22


def test_a_large_loss_is_exact_in_float64():
    """Guards against softplus as torch has it, which leaves out e^-x from x = 20 on."""
    feature = torch.tensor([[1.0, 0.0]]).double()
    loss = exact_softmax_loss(feature, torch.cat([-feature, feature]), torch.tensor([0]), 0.08)
    assert abs(loss.item() - (25 + math.exp(-25))) < 1e-13 < math.exp(-25)
