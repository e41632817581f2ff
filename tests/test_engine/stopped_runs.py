"""Short trainings that are stopped by a signal, and their files."""

import os
import signal

from mmengine.hooks import Hook

from npid_mm.engine.launch import build_runner, set_resume
from tests.toy import digits_config

EPOCHS = 2
STEPS = 4  # per epoch: 64 images in batches of 16


class SignalAt(Hook):
    """Record the steps, and send SIGTERM to this process during one of them."""

    def __init__(self, step=None):
        self.step = step
        self.steps = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.steps.append((runner.epoch, batch_idx, runner.iter))
        if runner.iter == self.step:
            os.kill(os.getpid(), signal.SIGTERM)


def config(digits, work_dir, **loader):
    """A training with much state: sampled negatives, Z, AdamW and a schedule."""
    cfg = digits_config(digits, work_dir, epochs=EPOCHS)
    cfg.model.head = dict(type='NCEHead', num_negatives=16, temperature=0.2)
    cfg.train_cfg.val_begin = EPOCHS + 1
    # a milestone in the second epoch, and one in the third
    cfg.param_scheduler.append(
        dict(type='MultiStepLR', by_epoch=False, milestones=[6, 9], gamma=0.3)
    )
    cfg.train_dataloader.update(loader)
    return cfg


def train(cfg, step=None):
    """Train in this process; return the Runner, its steps and the exit status."""
    runner = build_runner(cfg)
    hook = SignalAt(step)
    runner.register_hook(hook)
    status = None
    try:
        runner.train()
    except SystemExit as stop:
        status = stop.code
    workers = runner.train_dataloader._iterator  # persistent ones take long to be collected
    if workers is not None:
        workers._shutdown_workers()
    return runner, hook.steps, status


def resume(cfg, step=None):
    set_resume(cfg, 'auto')
    return train(cfg, step)


def files(folder):
    return sorted(path.name for path in folder.glob('*.pth*'))
