"""Train a config: npid train CONFIG [options].

With a folder or a list of images, or with ``--out``, the options are those of
:mod:`npid_mm.cli.train_images`.
"""

import argparse
import sys
from pathlib import Path

from mmengine.config import Config

from npid_mm.api.live_progress import live_progress
from npid_mm.api.run_folder import record_training
from npid_mm.cli import train_images
from npid_mm.cli.common.launch_ranks import launch_ranks
from npid_mm.cli.common.options import add_common_arguments, load_config
from npid_mm.cli.common.preflight import check_training
from npid_mm.cli.common.run_tool import ToolParser
from npid_mm.config.checks.global_batch import warn_of_global_batch
from npid_mm.config.validation import drop_validation
from npid_mm.engine.distributed import exit_distributed, launched_rank
from npid_mm.engine.folder_lock import sole_training
from npid_mm.engine.launch import build_runner, set_resume

LISTS = ('.txt', '.csv')  # suffixes of lists of images


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(
        description='Train a config, or images: npid train IMAGES --out RUN, with the options that '
        'npid train --out RUN --help shows.'
    )
    add_common_arguments(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='resume from a checkpoint; without a name, from the newest readable one in the '
        'work dir',
    )
    parser.add_argument('--amp', action='store_true', help='automatic mixed precision')
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help="scale the learning rate by the global batch over the config's base_batch_size",
    )
    parser.add_argument(
        '--no-validate',
        dest='validate',
        action='store_false',
        help='train without validation, for images without labels',
    )
    return parser.parse_args(argv)


def apply_options(cfg: Config, args: argparse.Namespace) -> Config:
    """Apply the options to the config."""
    if args.resume not in (None, 'auto'):
        set_resume(cfg, args.resume)
    if args.amp:
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    if args.auto_scale_lr:
        if 'auto_scale_lr' not in cfg:
            raise ValueError(
                '--auto-scale-lr needs the global batch of the learning rate: set '
                'auto_scale_lr=dict(base_batch_size=...) in the config, which has none'
            )
        cfg.auto_scale_lr.enable = True
    return cfg


def main(argv: list[str] | None = None) -> int:
    """Merge the options into the config and train; return the exit status."""
    words = sys.argv[1:] if argv is None else argv
    if _names_images(words):
        return train_images.main(words)
    args = parse_args(words)
    if args.gpus != 1 and args.launcher == 'none':
        return launch_ranks('train', words, args.gpus)
    cfg = load_config(args)
    if not args.validate:
        drop_validation(cfg)
    check_training(cfg)
    apply_options(cfg, args)
    with sole_training(cfg.work_dir, launched_rank(cfg)):
        if args.resume == 'auto':  # no other process writes to the work dir from here on
            set_resume(cfg, args.resume)
        status = train(cfg, args.local_rank)
    exit_distributed(status)
    return status


def _names_images(words: list[str]) -> bool:
    """Return whether a command line is one of images, without a config."""
    first = Path(words[0]) if words else Path('-')
    out = any(word.partition('=')[0] == '--out' for word in words)
    return out or first.suffix.lower() in LISTS or first.is_dir()


def train(cfg: Config, local_rank: int | None) -> int:
    """Train a complete config; return the exit status."""
    runner = build_runner(cfg, local_rank)
    if runner.rank == 0:
        record_training(cfg)
    warn_of_global_batch(cfg)
    try:
        with live_progress(runner):
            runner.train()
    except SystemExit as stop:  # all ranks together, on SIGTERM
        return stop.code if isinstance(stop.code, int) else 1
    return 0
