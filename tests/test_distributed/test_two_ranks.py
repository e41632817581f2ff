"""Two CPU ranks against one process with the same global batch."""

from types import SimpleNamespace

import pytest
import torch

from npid_mm.engine import StepSeedHook
from npid_mm.models import MemoryBank
from tests.test_distributed.ranks import run_ranks
from tests.test_distributed.training import HEADS, train

pytestmark = pytest.mark.slow


def train_all(rank):
    return {head: train(head) for head in HEADS}


@pytest.fixture(scope='module')
def ranks():
    return run_ranks(train_all, 2)


@pytest.mark.parametrize('head', HEADS)
def test_two_ranks_equal_one_process(ranks, head):
    """Losses, weights, gradients, bank and Z; the bank is bit-identical on both ranks."""
    one, first, second = train(head), ranks[0][head], ranks[1][head]
    rows = 'memory_bank.feature_bank'
    assert torch.equal(first['state'][rows], second['state'][rows])
    for rank in (first, second):
        torch.testing.assert_close(rank, one, rtol=1e-5, atol=1e-9)


def start_differently(rank):
    torch.manual_seed(rank)
    bank = MemoryBank(length=12, feat_dim=4)
    try:
        bank.verify()
        message = None
    except RuntimeError as error:
        message = str(error)
    bank.synchronize()
    bank.verify()
    # the attributes of a runner that StepSeedHook reads, with a different seed on each rank
    loader = SimpleNamespace(sampler=SimpleNamespace(seed=None))
    runner = SimpleNamespace(seed=7 + rank, train_dataloader=loader)
    StepSeedHook().before_train(runner)
    return message, bank.feature_bank, loader.sampler.seed


def test_different_banks_are_detected_and_synchronized_and_so_are_shuffles():
    """Under randomness.diff_rank_seed the ranks' seeds differ, but the order of images must not."""
    (first, bank, seed), (second, other, other_seed) = run_ranks(start_differently, 2)
    assert 'the memory bank differs between ranks' in first
    assert 'the memory bank differs between ranks' in second
    assert torch.equal(bank, other)
    assert seed == other_seed == 7
