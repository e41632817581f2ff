"""Softplus in float64."""

import math

import torch

from npid_mm.losses.arithmetic import softplus


def test_softplus_of_large_numbers_is_exact_in_float64():
    """The default of torch returns x from x = 20 on, which omits e^-x."""
    assert softplus(torch.tensor(25.0).double()) - 25 - math.exp(-25) < 1e-14 < math.exp(-25)
