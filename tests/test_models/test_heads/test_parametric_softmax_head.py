"""Parametric softmax head against a linear classifier."""

import pytest
import torch
from torch.nn import functional as F

from tests.test_models.test_heads.batch import INDEX, D, N, build, feature


def test_parametric_head_is_a_linear_classifier_over_instances(bank):
    head = build('ParametricSoftmaxHead', length=N, feat_dim=D, temperature=0.5).double()
    x = feature()
    expected = F.cross_entropy(x @ head.weight.T / 0.5, INDEX)
    torch.testing.assert_close(head.loss(x, INDEX, bank)['loss'], expected)
    with pytest.raises(ValueError, match='head.length is 41, but the memory bank has 40'):
        build('ParametricSoftmaxHead', length=41, feat_dim=D).double().loss(x, INDEX, bank)
