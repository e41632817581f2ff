"""Command-line options shared by the tools, and the config that they describe."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config, DictAction

from npid_mm.config.loaders import drop_worker_options, set_loader_defaults
from npid_mm.config.read_config import read_config
from npid_mm.config.shipped import find_config
from npid_mm.engine.distributed import check_launcher
from npid_mm.extras import EXTRAS
from npid_mm.utils.paths import check_path

from .run_tool import ToolParser


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of every tool that runs a config."""
    add_config(parser)
    parser.add_argument('--work-dir', help='folder for logs and checkpoints')
    add_config_options(parser)
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='how the processes were started; set by tools/dist_*.sh and tools/slurm_*.sh',
    )
    add_gpus(parser)
    # torch.distributed.launch passes it; torchrun sets the environment instead
    parser.add_argument('--local_rank', '--local-rank', type=int, help=argparse.SUPPRESS)


def add_gpus(parser: argparse.ArgumentParser) -> None:
    """Add ``--gpus``, the number of processes."""
    parser.add_argument(
        '--gpus',
        type=int,
        default=1,
        metavar='N',
        help='processes on this machine, one per GPU, or on the CPU without GPUs; default: 1',
    )


def add_config(parser: argparse.ArgumentParser, help: str = 'config') -> None:
    """Add the argument ``config``, the name of a config.

    Args:
        parser (ArgumentParser): Parser of the command.
        help (str): The kind of config.
    """
    parser.add_argument('config', help=f'{help}: a file, or the name of one that npid_mm ships')


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--cfg-options``, which replaces settings of the config."""
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
    """Parse settings as KEY=VALUE, and report others as errors of the command line."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        for value in values or ():
            try:
                super().__call__(parser, namespace, [value], option_string)
            except (AssertionError, ValueError) as error:
                text = f'must be KEY=VALUE, with brackets in pairs, got {value!r}'
                raise argparse.ArgumentError(self, text) from error


def parse_options(texts: list[str]) -> dict:
    """Parse ``KEY=VALUE`` texts as :func:`add_config_options` does.

    Returns:
        dict: Key -> value.
    """
    parser = ToolParser()
    add_config_options(parser)
    return parser.parse_args(['--cfg-options', *texts] if texts else []).cfg_options


def load_config(args: argparse.Namespace) -> Config:
    """Read the config of :func:`add_common_arguments` and merge the command line into it.

    A name in ``args.config`` becomes the path of the config.

    Raises:
        FileNotFoundError: If the config does not exist.
        ValueError: If the config does not take an option, or the option changes nothing; or if
            the name of the work dir is not UTF-8.
        MissingExtraError: If a package or the operators of mmcv that the config needs are missing.
    """
    check_launcher(args.launcher)
    args.config = find_config(args.config)
    cfg = read_config(args.config, args.cfg_options)
    cfg.launcher = args.launcher
    if cfg.get('default_scope') not in EXTRAS:  # their loaders are complete
        for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
            if cfg.get(name):
                set_loader_defaults(cfg[name])
    drop_worker_options(cfg)
    if args.work_dir:
        cfg.work_dir = args.work_dir
    elif not cfg.get('work_dir'):
        cfg.work_dir = str(Path('work_dirs') / Path(args.config).stem)
    check_path(cfg.work_dir, 'the work dir')
    return cfg
