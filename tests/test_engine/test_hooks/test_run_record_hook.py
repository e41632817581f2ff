"""Two runs in one work dir, and runs that were killed before a validation."""

import json

import pytest
import torch
from mmengine.hooks import Hook

from npid_mm.engine.launch import build_runner, set_resume
from npid_mm.engine.resume import newest_checkpoint, run_id
from tests.toy import digits_config


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
    runner = build_runner(cfg)
    watch = watch or Watch()
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


def checkpoint_run(path):
    return run_id(torch.load(path, weights_only=True))


def test_a_resumed_run_keeps_its_id_and_passes_over_an_earlier_run(digits, tmp_path):
    """Three epochs, then a new run of one epoch in the same work dir, resumed up to the second."""
    train(config(digits, tmp_path, 3))
    runner, _ = train(config(digits, tmp_path, 1))
    log = (tmp_path / runner.timestamp / f'{runner.timestamp}.log').read_text()
    assert 'holds checkpoints of an earlier run (epoch_1.pth, epoch_2.pth, epoch_3.pth)' in log
    cfg = config(digits, tmp_path, 2)
    set_resume(cfg, 'auto')
    assert cfg.load_from == str(tmp_path / 'epoch_1.pth')
    train(cfg)
    first, second, third = (checkpoint_run(tmp_path / f'epoch_{each}.pth') for each in (1, 2, 3))
    assert first == second != third
    assert newest_checkpoint(tmp_path) == tmp_path / 'epoch_2.pth'


def test_a_run_without_an_id_stays_one_run(digits, tmp_path):
    """A checkpoint of an earlier version."""
    train(config(digits, tmp_path, 1))
    content = torch.load(tmp_path / 'epoch_1.pth', weights_only=True)
    del content['message_hub']['runtime_info']['run_id']
    torch.save(content, tmp_path / 'epoch_1.pth')
    train(config(digits, tmp_path, 2), resume=True)
    assert checkpoint_run(tmp_path / 'epoch_2.pth') is None


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
