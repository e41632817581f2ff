"""Build the Runner of a config."""

import os

import torch
from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from npid_mm.checkpoints.mmengine_loader import register_loader
from npid_mm.config.checks.numbers import check_numbers
from npid_mm.config.scalar_log import write_scalars
from npid_mm.extras import EXTRAS
from npid_mm.utils.files import existing_checkpoint
from npid_mm.utils.launcher_watch import end_with_launcher

from .distributed import use_gloo
from .hooks import MissedValidationHook, RunRecordHook
from .hooks.image_check_hook import ImageCheckHook
from .hooks.resumed_checkpoint_hook import ResumedCheckpointHook
from .resume import newest_checkpoint


def set_resume(cfg: Config, checkpoint: str) -> None:
    """Let the run of ``cfg`` go on from a checkpoint.

    Args:
        cfg (Config): What :func:`load_config` returned.
        checkpoint (str): A file or an address, or 'auto' for the newest readable one in the work
            dir. If that has none at all, the run starts as the config says.

    Raises:
        FileNotFoundError: There is no such file.
        UnreadableCheckpointError: The work dir has checkpoints, but none can be read.
    """
    if checkpoint == 'auto':
        found = newest_checkpoint(cfg.work_dir)
        if found is None:
            print_log(f'no checkpoint in {cfg.work_dir} yet: starting from scratch', 'current')
            return
    else:
        found = existing_checkpoint(checkpoint)
    cfg.resume = True
    cfg.load_from = str(found)


def build_runner(cfg: Config, local_rank: int | None = None) -> Runner:
    """Build the Runner of a config; ranks without a GPU talk over gloo.

    From here on MMEngine reads checkpoints as this package does, so that none of them can run
    anything in this process, a resumed run removes no files but its own, and the process ends when
    its launcher is gone. The Runner looks at the headers of the images before its first step, tells
    runs apart, and validates what a killed run has not.

    Raises:
        ValueError: A number of the config is out of range.
    """
    check_numbers(cfg)
    write_scalars(cfg)
    register_loader()
    end_with_launcher()
    if local_rank is not None:
        os.environ.setdefault('LOCAL_RANK', str(local_rank))
    if cfg.get('launcher', 'none') != 'none' and not torch.cuda.is_available():
        use_gloo(cfg)
    runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
    if cfg.get('default_scope') not in EXTRAS:
        runner.register_hook(ImageCheckHook())
    runner.register_hook(RunRecordHook())
    runner.register_hook(MissedValidationHook())
    runner.register_hook(ResumedCheckpointHook())
    return runner
