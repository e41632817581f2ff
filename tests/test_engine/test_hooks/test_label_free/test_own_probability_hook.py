"""Record of the probability of the own row, with a model and a runner of few attributes."""

from types import SimpleNamespace

import pytest
import torch

from npid_mm.engine import OwnProbabilityHook
from npid_mm.models import MemoryBank
from tests.toy import samples


def make_runner(resume=False):
    head = SimpleNamespace(own_probability=None)
    model = torch.nn.Module()
    model.head, model.memory_bank = head, MemoryBank(length=4, feat_dim=2)
    return SimpleNamespace(model=model, _resume=resume)


def train_epoch(hook, runner, *batches):
    for index, values in batches:
        runner.model.head.own_probability = torch.tensor(values)
        hook.after_train_iter(runner, 0, dict(data_samples=samples(index)))
    hook.after_train_epoch(runner)


def saved(hook, runner):
    checkpoint = {}
    hook.before_save_checkpoint(runner, checkpoint)
    return checkpoint.get('own_probability')


def test_the_record_averages_epochs_and_resumes():
    hook, runner = OwnProbabilityHook(), make_runner()
    hook.before_train(runner)
    assert saved(hook, runner) is None
    train_epoch(hook, runner, ([0, 1], [0.5, 0.2]), ([1], [0.4]))  # image 1 was seen twice
    record = saved(hook, runner)
    assert record[:2].tolist() == pytest.approx([0.5, 0.3]) and record[2:].isnan().all()
    other, resumed = OwnProbabilityHook(), make_runner(resume=True)
    other.after_load_checkpoint(resumed, dict(own_probability=record))
    other.before_train(resumed)
    train_epoch(other, resumed, ([0, 2], [1.0, 0.1]))
    assert saved(other, resumed)[:3].tolist() == pytest.approx([0.65, 0.3, 0.1])


def test_weights_of_another_run_bring_no_record():
    hook, runner = OwnProbabilityHook(), make_runner()
    hook.after_load_checkpoint(runner, dict(own_probability=torch.ones(4)))
    hook.before_train(runner)
    assert saved(hook, runner) is None


def test_a_head_without_probabilities_is_not_recorded():
    hook, runner = OwnProbabilityHook(), make_runner()
    hook.before_train(runner)
    hook.after_train_iter(runner, 0, dict(data_samples=samples([0])))
    hook.after_train_epoch(runner)
    assert saved(hook, runner) is None
