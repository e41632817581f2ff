"""Sampled softmax head against the pure loss of the same negatives."""

import pytest
import torch

from npid_mm import losses
from npid_mm.models import MemoryBank
from tests.test_models.test_heads.batch import INDEX, B, D, N, build, feature
from tests.toy import unit_rows


@pytest.mark.parametrize('exclude', [False, True])
def test_sampled_head_is_the_sampled_loss_of_its_own_draws(bank, exclude):
    head = build('SampledSoftmaxHead', num_negatives=9, temperature=0.2, exclude_positive=exclude)
    torch.manual_seed(5)
    loss = head.loss(feature(), INDEX, bank)['loss']
    torch.manual_seed(5)
    negatives = losses.draw_negatives(B, 9, N, exclude=INDEX if exclude else None)
    expected = losses.sampled_softmax_loss(feature(), bank.feature_bank, INDEX, negatives, 0.2)
    torch.testing.assert_close(loss, expected)
    if exclude:
        assert not (negatives == INDEX[:, None]).any()


def test_one_instance_has_no_negative_but_itself():
    head = build('SampledSoftmaxHead', num_negatives=5, exclude_positive=True)
    with pytest.raises(ValueError, match='one instance has no other'):
        head.loss(unit_rows(1, D), torch.tensor([0]), MemoryBank(length=1, feat_dim=D))
