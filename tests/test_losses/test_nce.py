"""NCE against the paper's formula, with a given Z."""

import math

import pytest
import torch

from npid_mm.losses import nce_loss
from tests.test_losses.reference import case, nce_loop


@pytest.mark.parametrize('temperature', [0.05, 0.07, 0.2, 1.0])
@pytest.mark.parametrize('z', [0.5, 40.0, 3e6])
def test_equals_the_printed_formula(z, temperature):
    feature, bank, index, negatives = case()
    loss = nce_loss(feature, bank, index, negatives, temperature, z)
    loss.backward()
    value, gradient = nce_loop(feature, bank, index, negatives, temperature, z)
    torch.testing.assert_close(loss.item(), value, rtol=1e-6, atol=0)
    torch.testing.assert_close(feature.grad, torch.tensor(gradient).double(), rtol=1e-6, atol=1e-6)


def test_gradient_equals_numerical_gradient():
    feature, bank, index, negatives = case()
    assert torch.autograd.gradcheck(
        lambda f: nce_loss(f, bank, index, negatives, 0.07, 40.0), feature
    )


def test_z_as_a_tensor_equals_z_as_a_number():
    feature, bank, index, negatives = case()
    number = nce_loss(feature, bank, index, negatives, 0.07, 40.0)
    tensor = nce_loss(feature, bank, index, negatives, 0.07, torch.tensor(40.0).double())
    torch.testing.assert_close(tensor, number, rtol=1e-14, atol=0)


def test_sharp_temperature_stays_finite():
    """At tau = 0.01, 1 - h is 0 in float32: the formula as printed would be infinite."""
    feature, bank, index, _ = case(dtype=torch.float32)
    own_as_negative = index[:, None]
    loss = nce_loss(feature, bank, index, own_as_negative, 0.01, 1.0)
    loss.backward()
    assert loss.isfinite() and feature.grad.isfinite().all()
    s = (feature * bank[index]).sum(1).mean().item() / 0.01
    assert loss.item() == pytest.approx(s + math.log(23), rel=1e-5)


@pytest.mark.parametrize('batch, num', [(3, 20_000), (5_000, 3)])
def test_several_blocks(batch, num):
    feature, bank, index, negatives = case(batch=batch, num=num)
    x = torch.einsum('bd,bmd->bm', feature, bank[negatives]) / 0.07
    x = x - math.log(40.0 * num / 23)
    own = (feature * bank[index]).sum(1) / 0.07 - math.log(40.0 * num / 23)
    expected = -(own.sigmoid().log() + (-x).sigmoid().log().sum(1)).mean()
    loss = nce_loss(feature, bank, index, negatives, 0.07, 40.0)
    torch.testing.assert_close(loss, expected, rtol=1e-10, atol=0)
