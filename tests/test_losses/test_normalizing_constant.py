"""Estimates of Z against their formula."""

import math

import pytest
import torch

from npid_mm.losses import estimate_z
from tests.test_losses.reference import case, dot
from tests.toy import unit_rows


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


def test_z_over_all_rows_is_the_normalizing_constant():
    feature, bank, _, _ = case(batch=1)
    z = estimate_z(feature, bank, torch.arange(23)[None], 0.07)
    torch.testing.assert_close(z, (feature @ bank.T / 0.07).exp().sum().detach())


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_z_that_may_overflow_is_refused(dtype):
    """The sum of exp(1 / tau) over all rows must be finite."""
    row = unit_rows(1, 4, dtype=dtype)
    bank, negatives = row.repeat(10, 1), torch.arange(10)[None]
    lowest = 1 / (math.log(torch.finfo(dtype).max) - math.log(10))
    assert estimate_z(row, bank, negatives, 1.001 * lowest).isfinite()
    with pytest.raises(ValueError, match=rf'temperature must be at least {lowest:.4f}, .*{dtype}'):
        estimate_z(row, bank, negatives, 0.999 * lowest)
