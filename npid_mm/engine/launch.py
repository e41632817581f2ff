"""Build the Runner of a config, and let it resume from a checkpoint."""

import os
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from npid_mm.checkpoints.mmengine_loader import register_loader
from npid_mm.config.checks.numbers import check_numbers
from npid_mm.config.config_file import format_once
from npid_mm.config.scalar_log import write_scalars
from npid_mm.engine.hooks.image_check_hook import ImageCheckHook
from npid_mm.engine.hooks.resumed_checkpoint_hook import ResumedCheckpointHook
from npid_mm.extras import EXTRAS
from npid_mm.utils.input_files import existing_checkpoint
from npid_mm.utils.launcher_watch import end_with_launcher

from .distributed import use_gloo
from .hooks import MissedValidationHook, RunRecordHook
from .resume import newest_checkpoint


def set_resume(cfg: Config, checkpoint: str) -> None:
    """Let the run of ``cfg`` resume from a checkpoint.

    Args:
        cfg (Config): Config with a ``work_dir``; changed in place.
        checkpoint (str): Path or URL, or 'auto' for the newest readable checkpoint of the work dir.
            If the work dir has no checkpoint, the run starts as the config says.

    Raises:
        FileNotFoundError: If the checkpoint does not exist.
        UnreadableCheckpointError: If the work dir has checkpoints, but none can be read.
    """
    found: Path | str | None
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
    """Build the Runner of a config, with the hooks that every run needs.

    This also lets MMEngine load untrusted checkpoints safely, ends the process when its launcher
    dies, and uses gloo on machines without GPUs.

    Args:
        cfg (Config): A complete config.
        local_rank (int, optional): Rank on this node, if the launcher passed it as an option.

    Raises:
        ValueError: If a number of the config is out of range, or NPID is to be trained by a
            ``FlexibleRunner`` or under FSDP.
    """
    check_numbers(cfg)
    _check_runner(cfg)
    write_scalars(cfg)
    register_loader()
    format_once()
    end_with_launcher()
    if local_rank is not None:
        os.environ.setdefault('LOCAL_RANK', str(local_rank))
    if cfg.get('launcher', 'none') != 'none' and not torch.cuda.is_available():
        use_gloo(cfg)
    runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
    if cfg.get('default_scope') not in EXTRAS:
        runner.register_hook(ImageCheckHook())
    for hook in (RunRecordHook(), MissedValidationHook(), ResumedCheckpointHook()):
        runner.register_hook(hook)
    return runner


def _check_runner(cfg: Config) -> None:
    """Refuse runners and model wrappers for which NPID's bank and checkpoints are not made."""
    runner, wrapper = cfg.get('runner_type'), (cfg.get('model_wrapper_cfg') or {}).get('type')
    sharded = wrapper if 'FullySharded' in str(wrapper) else None
    flexible = runner if runner == 'FlexibleRunner' else None
    if (cfg.get('model') or {}).get('type') == 'NPID' and (sharded or flexible):
        name, value = ('runner_type', runner) if flexible else ('model_wrapper_cfg.type', wrapper)
        raise ValueError(
            f'{name} must be a Runner with DDP to train NPID, got {value}: the memory bank and its '
            'checkpoints are made for these; leave it out. To split a large bank over the ranks, '
            'set model.memory_bank.type=ShardedMemoryBank'
        )


def quiet_runner(cfg: Config) -> Runner:
    """Build the Runner of :func:`build_runner` so that it logs its progress only.

    The machine and the config are not logged; the config is written into the work dir.
    """
    cfg.log_level = 'WARNING'
    runner = build_runner(cfg)
    for part in (runner.logger, *runner.logger.handlers):
        part.setLevel('INFO')
    # for those who use the written config
    runner.cfg.log_level = 'INFO'
    runner.dump_config()
    return runner
