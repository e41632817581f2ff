"""NCE and Z: the paper's formulas, with a given Z."""

import math

import pytest
import torch

from npid_mm.losses import (
    estimate_z,
    nce_log_noise,
    nce_loss,
    nce_loss_from_statistics,
    nce_statistics,
)
from tests.test_losses.reference import case, dot, nce_loop
from tests.toy import unit_rows


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


def test_parts_of_the_negatives_add_up():
    feature, bank, index, negatives = case()
    log_noise = nce_log_noise(40.0, negatives.shape[1], len(bank))
    parts = [
        nce_statistics(feature, bank, part, 0.07, log_noise)
        for part in negatives.split([2, 7], dim=1)
    ]
    noise, weighted = (sum(statistic) for statistic in zip(*parts, strict=True))
    loss = nce_loss_from_statistics(feature, bank[index], noise, weighted, 0.07, log_noise)
    whole = nce_loss(feature, bank, index, negatives, 0.07, 40.0)
    torch.testing.assert_close(loss, whole, rtol=1e-12, atol=0)


@pytest.mark.parametrize('batch, num', [(3, 20_000), (5_000, 3)])
def test_several_blocks(batch, num):
    feature, bank, index, negatives = case(batch=batch, num=num)
    x = torch.einsum('bd,bmd->bm', feature, bank[negatives]) / 0.07
    x = x - math.log(40.0 * num / 23)
    own = (feature * bank[index]).sum(1) / 0.07 - math.log(40.0 * num / 23)
    expected = -(own.sigmoid().log() + (-x).sigmoid().log().sum(1)).mean()
    loss = nce_loss(feature, bank, index, negatives, 0.07, 40.0)
    torch.testing.assert_close(loss, expected, rtol=1e-10, atol=0)


@pytest.mark.parametrize('temperature', [0.05, 1.0])
def test_z_is_n_times_the_mean_exponential(temperature):
    feature, bank, _, negatives = case(batch=3, num=4)
    terms = [
        math.exp(dot(f, bank[j].tolist()) / temperature)
        for f, rows in zip(feature.tolist(), negatives.tolist(), strict=True)
        for j in rows
    ]
    z = estimate_z(feature, bank, negatives, temperature)
    assert z.dim() == 0 and not z.requires_grad
    assert z.item() == pytest.approx(23 * sum(terms) / len(terms), rel=1e-12)


def test_z_over_all_rows_is_the_normalising_constant():
    feature, bank, _, _ = case(batch=1)
    z = estimate_z(feature, bank, torch.arange(23)[None], 0.07)
    torch.testing.assert_close(z, (feature @ bank.T / 0.07).exp().sum().detach())


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_z_that_may_overflow_is_refused(dtype):
    """exp(1 / tau) of all rows must fit; the bound is the one at which it does."""
    row = unit_rows(1, 4, dtype=dtype)
    bank, negatives = row.repeat(10, 1), torch.arange(10)[None]
    lowest = 1 / (math.log(torch.finfo(dtype).max) - math.log(10))
    assert estimate_z(row, bank, negatives, 1.001 * lowest).isfinite()
    with pytest.raises(ValueError, match=rf'temperature must be at least {lowest:.4f}, .*{dtype}'):
        estimate_z(row, bank, negatives, 0.999 * lowest)


def test_a_large_loss_is_exact_in_float64():
    """Guards against softplus as torch has it, which leaves out e^-x from x = 20 on."""
    feature, first, second = torch.tensor([[1.0, 0.0]]).double(), torch.tensor([0]), [[1]]
    bank = torch.cat([-feature, feature])
    # Z M / N = 1, so that x is -25 for the own row and 25 for the negative
    loss = nce_loss(feature, bank, first, torch.tensor(second), 0.04, 2.0)
    assert abs(loss.item() - 2 * (25 + math.exp(-25))) < 1e-13 < math.exp(-25)
