"""Runs that were killed before a validation."""

import json

import pytest
from mmengine.hooks import Hook

from npid_mm.engine.launch import build_runner, set_resume
from tests.toy import digits_config

pytestmark = pytest.mark.slow


class Watch(Hook):
    """Count validations, and be killed in one."""

    def __init__(self, killed_in=None):
        self.killed_in = killed_in
        self.validated = []

    def before_val_epoch(self, runner):
        if runner.epoch == self.killed_in:
            raise KeyboardInterrupt
        self.validated.append(runner.epoch)


def config(digits, work_dir, epochs, loop='ResumableTrainLoop'):
    cfg = digits_config(digits, work_dir, images=32, epochs=epochs)
    cfg.val_dataloader.dataset.indices = 16
    cfg.train_cfg.update(type=loop, val_interval=2)
    cfg.default_hooks.memory_bank.knn_interval = 0
    return cfg


def train(cfg, watch=None, resume=False):
    if resume:
        set_resume(cfg, 'auto')
    runner, watch = build_runner(cfg), watch or Watch()
    runner.register_hook(watch)
    runner.train()
    return runner, watch.validated


def last_metrics(runner):
    """Step and metrics of each evaluation in the log of a run."""
    path = f'{runner.log_dir}/vis_data/scalars.json'
    lines = [json.loads(line) for line in open(path)]
    return [
        {name: value for name, value in line.items() if 'time' not in name}
        for line in lines
        if any(name.startswith('knn/') for name in line)
    ]


@pytest.mark.parametrize('loop', ['ResumableTrainLoop', 'EpochBasedTrainLoop'])
def test_a_run_killed_before_its_validation_is_validated_when_resumed(digits, tmp_path, loop):
    """Once, with the metrics of an uninterrupted run; also where it was at its end."""
    whole, _ = train(config(digits, tmp_path / 'whole', 2, loop))
    work_dir = tmp_path / 'killed'
    with pytest.raises(KeyboardInterrupt):
        train(config(digits, work_dir, 2, loop), Watch(killed_in=2))
    runner, validated = train(config(digits, work_dir, 2, loop), resume=True)
    assert validated == [2]
    (expected,), (found,) = last_metrics(whole), last_metrics(runner)
    assert found == expected
    assert train(config(digits, work_dir, 2, loop), resume=True)[1] == []
    assert train(config(digits, work_dir, 4, loop), resume=True)[1] == [4]


def test_a_run_that_is_not_due_is_not_validated(digits, tmp_path):
    """Epoch 1 is not validated, nor the middle of epoch 3."""
    train(config(digits, tmp_path, 1))
    cfg = config(digits, tmp_path, 2)
    cfg.train_cfg.val_interval = 3
    cfg.train_cfg.val_begin = 3
    assert train(cfg, resume=True)[1] == []
