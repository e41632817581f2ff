"""A checkpoint that is given the rows of other images, and another number of steps per epoch."""

import math

import pytest
import torch
from mmengine.optim.scheduler import CosineAnnealingLR, LinearLR
from torch import nn

from npid_mm.checkpoints.convert.npid_state import BANK, OWN_PROBABILITY
from npid_mm.engine.bank import Growth, grow_checkpoint
from npid_mm.engine.runners.resumable_train_loop import SEEN
from tests.toy import unit_rows

EPOCHS = 10


def checkpoint(steps=0, epoch=0, schedules=(), **state):
    return dict(
        state_dict=state,
        meta=dict(iter=steps, epoch=epoch),
        message_hub=dict(runtime_info={SEEN: 12}),
        param_schedulers=list(schedules),
    )


def grow(content, steps=None, schedules=()):
    growth = Growth(torch.tensor([3, -1, 0, -1, 1]), saved=4)
    grow_checkpoint(content, growth, steps, schedules, 'run.pth')
    return content['state_dict']


def test_known_rows_are_equal_and_new_ones_are_unit_vectors():
    for dtype in (torch.float32, torch.bfloat16):
        rows = unit_rows(4, 16).to(dtype)
        grown = grow(checkpoint(**{BANK: rows, 'head.z': torch.tensor(8.0)}))
        assert grown[BANK].dtype == dtype and grown['head.z'] == 10
        assert torch.equal(grown[BANK][[0, 2, 4]], rows[[3, 0, 1]])
        length = grown[BANK][[1, 3]].float().norm(dim=1)
        torch.testing.assert_close(length, torch.ones(2), atol=1e-2, rtol=0)


def test_the_record_of_probabilities_follows_the_images():
    content = checkpoint(**{BANK: unit_rows(4, 8)})
    content[OWN_PROBABILITY] = torch.tensor([0.1, 0.2, 0.3, 0.4])
    grow(content)
    values = content[OWN_PROBABILITY]
    assert values[[1, 3]].isnan().all() and torch.equal(
        values[[0, 2, 4]], torch.tensor([0.4, 0.1, 0.2])
    )


def test_a_parametric_softmax_is_refused():
    with pytest.raises(ValueError, match='run.pth has weights and .* for each image'):
        grow(checkpoint(**{BANK: unit_rows(4, 8), 'head.weight': torch.ones(4, 8)}))


def run(steps, warmup, epochs, done=None):
    """Take the steps of some epochs; return the rates, and the state of the schedules."""
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    schedules = [
        LinearLR(optimizer, start_factor=0.1, begin=0, end=warmup, by_epoch=False),
        CosineAnnealingLR(optimizer, T_max=EPOCHS * steps, by_epoch=False, end=EPOCHS * steps),
    ]
    start = 0
    if done is not None:
        state, rate, start = done
        content = checkpoint(*state, schedules=[dict(each) for each in start])
        grow(content, steps, [each.state_dict() for each in schedules])
        assert content['meta'] == dict(iter=state[1] * steps, epoch=state[1])
        assert content['message_hub']['runtime_info'][SEEN] == 0
        for schedule, saved in zip(schedules, content['param_schedulers'], strict=True):
            schedule.load_state_dict(saved)
        for group in optimizer.param_groups:
            group['lr'] = rate
    rates = []
    for _ in range(epochs * steps):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        for schedule in schedules:
            schedule.step()
    return rates, optimizer.param_groups[0]['lr'], [each.state_dict() for each in schedules]


@pytest.mark.parametrize('before, after', [(10, 12), (12, 9), (10, 30), (30, 10)])
def test_the_rate_follows_the_share_of_the_epochs(before, after):
    """A cosine over all steps, after the warm-up."""
    _, rate, states = run(before, warmup=5, epochs=4)
    rates, last, _ = run(after, 5, 6, ((4 * before, 4), rate, states))
    for epoch in range(6):
        share = (4 + epoch) / EPOCHS
        wanted = (1 + math.cos(math.pi * share)) / 2
        assert rates[epoch * after] == pytest.approx(wanted, abs=0.02)
    assert last == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize('before, after, warmup', [(10, 30, 15), (30, 10, 20), (10, 12, 30)])
def test_a_warm_up_ends_once(before, after, warmup):
    """Also where the new number of steps lies on the other side of its end."""
    _, rate, states = run(before, warmup, epochs=1)
    rates, last, _ = run(after, warmup, EPOCHS - 1, ((before, 1), rate, states))
    left = max(warmup - before, 0)
    peak = (1 + math.cos(math.pi * (after + left) / (EPOCHS * after))) / 2
    assert max(rates) == pytest.approx(peak, abs=0.02) and last == pytest.approx(0, abs=1e-3)
