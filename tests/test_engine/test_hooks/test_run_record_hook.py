"""Two runs in one work dir, and checkpoints without a run id."""

import pytest
import torch

from npid_mm.engine.launch import build_runner, set_resume
from npid_mm.engine.resume import newest_checkpoint, run_id
from tests.toy import digits_config

pytestmark = pytest.mark.slow


def train(digits, work_dir, epochs, resume=False):
    cfg = digits_config(digits, work_dir, images=32, epochs=epochs)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.default_hooks.memory_bank.knn_interval = 0
    if resume:
        set_resume(cfg, 'auto')
    runner = build_runner(cfg)
    runner.train()
    return runner


def checkpoint_run(path):
    return run_id(torch.load(path, weights_only=True))


def test_a_resumed_run_keeps_its_id_and_passes_over_an_earlier_run(digits, tmp_path):
    """Three epochs, then a new run of one epoch in the same work dir, resumed up to the second."""
    train(digits, tmp_path, 3)
    runner = train(digits, tmp_path, 1)
    log = (tmp_path / runner.timestamp / f'{runner.timestamp}.log').read_text()
    assert 'holds checkpoints of an earlier run (epoch_1.pth, epoch_2.pth, epoch_3.pth)' in log
    assert newest_checkpoint(tmp_path) == tmp_path / 'epoch_1.pth'
    train(digits, tmp_path, 2, resume=True)
    first, second, third = (checkpoint_run(tmp_path / f'epoch_{each}.pth') for each in (1, 2, 3))
    assert first == second != third
    assert newest_checkpoint(tmp_path) == tmp_path / 'epoch_2.pth'


def test_a_run_without_an_id_stays_one_run(digits, tmp_path):
    """A checkpoint of an earlier version."""
    train(digits, tmp_path, 1)
    content = torch.load(tmp_path / 'epoch_1.pth', weights_only=True)
    del content['message_hub']['runtime_info']['run_id']
    torch.save(content, tmp_path / 'epoch_1.pth')
    train(digits, tmp_path, 2, resume=True)
    assert checkpoint_run(tmp_path / 'epoch_2.pth') is None
