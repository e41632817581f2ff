"""Two CPU ranks against one process on the same global batch."""

import pytest
import torch
from mmengine.dist import get_rank

from npid_mm.engine.hooks.memory_bank_hook import check_ranks_agree
from npid_mm.models import MemoryBank
from tests.test_distributed.ranks import run_ranks
from tests.toy import build_npid, samples

HEADS = [
    dict(type='ExactSoftmaxHead', temperature=0.2, proximal_weight=1.0),
    dict(type='SampledSoftmaxHead', num_negatives=16, temperature=0.2),
    dict(type='NCEHead', num_negatives=16, temperature=0.2),
    dict(type='ParametricSoftmaxHead', length=12, feat_dim=16, temperature=0.2),
]
STEPS = 3


def batch(step):
    """Images and indexes of the global batch; an index stands on both ranks."""
    generator = torch.Generator().manual_seed(step)
    return torch.randn(8, 3, 16, 16, generator=generator), [0, 5, 7, 2, 5, 11, 3, 9]


def all_negatives(index, num, exclude_positive):
    """Every row, in place of a draw: the same for one process and for ranks."""
    return torch.arange(12).repeat(len(index), 1)


def train(rank, head):
    """A few steps on this rank's half of each batch; returns weights, bank and gradients."""
    torch.manual_seed(0)
    model = build_npid(head, length=12)
    model.memory_bank.draw_negatives = all_negatives
    model = model.double()
    model.memory_bank.synchronize()
    wrapped = model
    world_size = 1
    if torch.distributed.is_initialized():
        world_size = torch.distributed.get_world_size()
        wrapped = torch.nn.parallel.DistributedDataParallel(model, broadcast_buffers=False)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(STEPS):
        x, index = batch(step)
        share = slice(rank * 8 // world_size, (rank + 1) * 8 // world_size)
        optimizer.zero_grad()
        losses = wrapped(x[share].double(), samples(index[share]), mode='loss')
        sum(value for name, value in losses.items() if 'loss' in name).backward()
        optimizer.step()
    gradients = {name: p.grad for name, p in model.named_parameters()}
    return dict(state=model.state_dict(), gradients=gradients)


@pytest.mark.parametrize('head', HEADS, ids=lambda head: head['type'])
def test_two_ranks_equal_one_process(head):
    """Weights, gradients, bank and Z; the bank is the same to the bit on both ranks."""
    one = train(0, head)
    first, second = run_ranks(train, 2, head)
    rows = 'memory_bank.feature_bank'
    assert torch.equal(first['state'][rows], second['state'][rows])
    for rank in (first, second):
        torch.testing.assert_close(rank, one, rtol=1e-5, atol=1e-9)


def start_differently(rank):
    torch.manual_seed(rank)
    bank = MemoryBank(length=12, feat_dim=4)
    try:
        check_ranks_agree(bank)
        message = None
    except RuntimeError as error:
        message = str(error)
    bank.synchronize()
    check_ranks_agree(bank)
    return message, bank.feature_bank, get_rank()


def test_banks_that_differ_are_found_and_made_equal():
    (first, bank, _), (second, other, rank) = run_ranks(start_differently, 2)
    assert 'the memory bank differs between ranks' in first
    assert 'the memory bank differs between ranks' in second
    assert torch.equal(bank, other) and rank == 1
