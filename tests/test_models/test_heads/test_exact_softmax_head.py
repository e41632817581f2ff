"""Exact softmax head against dense softmax."""

import torch
from torch.nn import functional as F

from tests.test_models.test_heads.batch import INDEX, build, feature


def value_and_gradient(loss, x):
    return loss.detach(), torch.autograd.grad(loss, x)[0]


def test_exact_head_equals_dense_softmax(bank):
    x, y = feature(), feature()
    got = value_and_gradient(
        build('ExactSoftmaxHead', temperature=0.1).loss(x, INDEX, bank)['loss'], x
    )
    dense = F.cross_entropy(y @ bank.feature_bank.T / 0.1, INDEX)
    torch.testing.assert_close(got, value_and_gradient(dense, y))
