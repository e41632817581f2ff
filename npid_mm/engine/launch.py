"""From a command line to a Runner: what tools/train.py and tools/test.py share."""

import argparse
import os
import re
from pathlib import Path

import torch
from mmengine.config import Config, DictAction
from mmengine.logging import print_log
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from npid_mm.checkpoints.inert import SAFETENSORS
from npid_mm.checkpoints.mmengine_loader import register_loader
from npid_mm.datasets.image_walk import check_path
from npid_mm.extras import EXTRAS, MissingExtraError, check_extra

from .config_keys import merge_options
from .config_numbers import check_numbers
from .config_types import check_types
from .config_variables import read_with_variables
from .hooks import MissedValidationHook, RunRecordHook
from .hooks.image_check_hook import ImageCheckHook
from .hooks.resumed_checkpoint_hook import ResumedCheckpointHook
from .launcher_watch import end_with_launcher
from .ranks import check_launcher, use_cpu_ranks
from .resume import newest_checkpoint


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of every tool that runs a config."""
    parser.add_argument('config', help='config file')
    parser.add_argument('--work-dir', help='folder for logs and checkpoints')
    add_config_options(parser)
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none')
    # torch.distributed.launch passes it; torchrun sets the environment instead
    parser.add_argument('--local_rank', '--local-rank', type=int, help=argparse.SUPPRESS)


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """The argument with which settings of a config are replaced, ``cfg_options``."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=_Options,
        metavar='KEY=VALUE',
        default={},
        help='settings that replace those of the config, for example '
        'train_cfg.max_epochs=100 model.head.temperature=0.1',
    )


class _Options(DictAction):
    """Settings as KEY=VALUE; others are errors of the command line."""

    def __call__(self, parser, namespace, values, option_string=None):
        for value in values:
            try:
                super().__call__(parser, namespace, [value], option_string)
            except (AssertionError, ValueError) as error:
                text = f'must be KEY=VALUE, with brackets in pairs, got {value!r}'
                raise argparse.ArgumentError(self, text) from error


def parse_options(texts: list[str]) -> dict:
    """Key -> value of ``KEY=VALUE`` texts, as :func:`add_config_options` reads them."""
    parser = argparse.ArgumentParser()
    add_config_options(parser)
    return parser.parse_args(['--cfg-options', *texts] if texts else []).cfg_options


def existing_file(path: str, what: str) -> str:
    """Return ``path`` if it is a file or an address, or raise FileNotFoundError.

    Args:
        path (str): A path, or an address such as ``https://...`` or ``s3://...``.
        what (str): What the message calls it.
    """
    if '://' not in path and not Path(path).is_file():
        if Path(path).is_dir():
            raise ValueError(f'{what} must be a file, got the folder {path}')
        raise FileNotFoundError(f'{what} not found: {path} (looked from {Path.cwd().name}/)')
    return path


def existing_checkpoint(path: str) -> str:
    """Return ``path`` if it is an address, or a file that begins as a checkpoint does.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is a folder, or a file of another kind.
    """
    if '://' in existing_file(path, 'checkpoint') or Path(path).suffix == SAFETENSORS:
        return path
    with open(path, 'rb') as file:
        start = file.read(16)
    if not start.startswith((b'PK', b'\x80')):  # a zip file, or pickles before torch 1.6
        what = f'it begins with {start!r}' if start else 'it is empty'
        raise ValueError(f'checkpoint {path} is not a file that torch.save wrote: {what}')
    return path


def load_config(args: argparse.Namespace) -> Config:
    """Read the config of :func:`add_common_arguments` and merge the command line into it.

    Raises:
        FileNotFoundError: There is no such config.
        ValueError: An option is not one that the config takes, or changes nothing; or the work dir
            has a name that is not UTF-8.
        MissingExtraError: The config needs a package, or operators of mmcv, that are missing.
    """
    check_launcher(args.launcher)
    cfg = read_config(existing_file(args.config, 'config'), args.cfg_options)
    cfg.launcher = args.launcher
    if cfg.get('default_scope') not in EXTRAS:  # whose loaders are complete, and collate otherwise
        for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
            if cfg.get(name):
                set_loader_defaults(cfg[name])
    settle_workers(cfg)
    if args.work_dir:
        cfg.work_dir = args.work_dir
    elif not cfg.get('work_dir'):
        cfg.work_dir = str(Path('work_dirs') / Path(args.config).stem)
    check_path(cfg.work_dir, 'the work dir')
    return cfg


def read_config(path: str | Path, options: dict | None = None) -> Config:
    """Read a config and merge options into it; report a missing base package clearly.

    Args:
        path (str | Path): A config file.
        options (dict, optional): Key -> value, as of ``--cfg-options``: a dotted key, or a
            variable of the config or its bases.

    Raises:
        ValueError: The config fails as it is run, an option is not one that it takes or changes
            nothing, or a type is not registered.
        MissingExtraError: That package, or operators of mmcv that it needs, are missing.
    """
    try:
        cfg = read_with_variables(path, options or {})
    except ImportError as error:
        cause = error
        while cause is not None:  # MMEngine wraps what a custom import raises
            if isinstance(cause, MissingExtraError):
                raise cause from None
            cause = cause.__context__
        for package in EXTRAS:
            if re.search(rf'\b{package}', str(error)):  # of a base: mmsegmentation, say
                check_extra(package)
        raise
    if cfg.get('default_scope') in EXTRAS:
        check_extra(cfg.default_scope)
    merge_options(cfg, options or {})
    check_types(cfg)
    return cfg


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
    register_loader()
    end_with_launcher()
    if local_rank is not None:
        os.environ.setdefault('LOCAL_RANK', str(local_rank))
    if cfg.get('launcher', 'none') != 'none' and not torch.cuda.is_available():
        use_cpu_ranks(cfg)
    runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
    if cfg.get('default_scope') not in EXTRAS:
        runner.register_hook(ImageCheckHook())
    runner.register_hook(RunRecordHook())
    runner.register_hook(MissedValidationHook())
    runner.register_hook(ResumedCheckpointHook())
    return runner


def set_loader_defaults(loader: dict) -> None:
    """Settings that MMPretrain's tools give every loader whose config does not say otherwise."""
    loader.setdefault('pin_memory', torch.cuda.is_available())
    loader.setdefault('persistent_workers', loader.get('num_workers', 0) > 0)
    loader.setdefault('collate_fn', dict(type='default_collate'))
    # a config with `_base_ = 'npid_mm::...'` has it, and the Runner takes it for an argument
    loader['collate_fn'].pop('_scope_', None)


def settle_workers(cfg: Config) -> None:
    """Take the settings of worker processes from all loaders with ``num_workers=0``.

    Torch refuses them there, but they are in the configs' bases, while the number of workers is set
    on the command line.
    """
    waiting = list(cfg.values())
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if value.get('num_workers') == 0:
                value['persistent_workers'] = False
                for key in ('prefetch_factor', 'timeout', 'multiprocessing_context'):
                    value.pop(key, None)
            value = value.values()
        elif not isinstance(value, (list, tuple)):
            continue
        waiting += value
