"""Sharded memory bank in one process; tests/test_distributed/ has those on several ranks."""

import pytest
import torch

from npid_mm.models import MemoryBank, ShardedMemoryBank
from tests.test_distributed.sharded_work import (
    DRAWS,
    estimate_z,
    exact,
    global_batch,
    nce,
    sampled,
)
from tests.test_distributed.training import LENGTH


@pytest.mark.parametrize('exclude', [False, True])
def test_one_process_gives_the_results_of_the_plain_bank(exclude):
    feature, index = global_batch(1)
    answers = []
    for kind in (MemoryBank, ShardedMemoryBank):
        torch.manual_seed(0)
        bank = kind(length=LENGTH, feat_dim=8, dtype='float64')
        negatives = bank.draw_negatives(index, DRAWS, exclude)
        answers.append([
            bank.rows(index),
            bank.reduce(exact, feature, exclude=index),
            bank.reduce(sampled, feature, negatives),
            bank.reduce(nce, feature, negatives),
            estimate_z(bank, feature, negatives),
        ])  # fmt: skip
        bank.update(feature, index)
        answers[-1] += [bank.pop_drift(), bank.state_dict()['feature_bank']]
    torch.testing.assert_close(*answers, rtol=1e-12, atol=1e-12)


def test_the_only_instance_has_no_other():
    bank = ShardedMemoryBank(length=1, feat_dim=8)
    with pytest.raises(ValueError, match='one instance has no other'):
        bank.draw_negatives(torch.tensor([0]), DRAWS, True)
