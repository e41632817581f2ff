"""Requirements of the hook; tests/test_engine/test_survival.py stops runs by it."""

import pytest

from npid_mm.engine import GracefulStopHook
from tests.test_engine.stopped_runs import config, files, train

pytestmark = pytest.mark.slow


def test_stop_waits_for_accumulated_gradients(digits, tmp_path):
    cfg = config(digits, tmp_path)
    cfg.optim_wrapper.accumulative_counts = 3
    train(cfg, 3)
    assert files(tmp_path)[-1] == 'iter_6.pth'


def test_the_hook_needs_the_checkpoint_hook_and_an_interval(digits, tmp_path):
    with pytest.raises(ValueError, match='interval must be at least 1, got 0'):
        GracefulStopHook(interval=0)
    cfg = config(digits, tmp_path)
    cfg.default_hooks.checkpoint = dict(type='CheckpointHook')
    with pytest.raises(TypeError, match="checkpoint.type='AtomicCheckpointHook'"):
        train(cfg)
