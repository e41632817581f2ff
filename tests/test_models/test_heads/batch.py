"""Batch that the tests of heads share."""

import torch
from mmpretrain.registry import MODELS

from tests.toy import unit_rows

N, D, B = 40, 8, 6
INDEX = torch.tensor([3, 0, 39, 7, 7, 12])


def build(name, **arguments):
    return MODELS.build(dict(type=name, **arguments))


def feature():
    return unit_rows(B, D, seed=2, dtype=torch.float64).requires_grad_()
