"""Make, resume or extend an index of images.

npid index RUN --images FOLDER --out INDEX
npid index CONFIG CHECKPOINT --images FOLDER --out INDEX
"""

import argparse
import sys

from mmengine.config import Config

from npid_mm.api.run_folder import find_run
from npid_mm.utils.paths import printable_path

from .common.options import add_config_options, load_config
from .common.run_tool import ToolParser

STOPPED = 'the finished part is kept; repeat the command to resume'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    from npid_mm.retrieval.index.metadata import DTYPES

    parser.add_argument(
        'config',
        metavar='RUN | CONFIG',
        help='folder of a run, or config of a pretraining or of a kNN evaluation',
    )
    parser.add_argument(
        'checkpoint', nargs='?', metavar='CHECKPOINT', help='checkpoint file, after a config'
    )
    parser.add_argument(
        '--images', required=True, metavar='FOLDER', help='folder of the images to index'
    )
    parser.add_argument('--out', required=True, metavar='INDEX', help='folder of the index')
    parser.add_argument(
        '--dtype',
        choices=DTYPES,
        help=f'type of the stored features; default: {DTYPES[0]}, or that of the index',
    )
    parser.add_argument(
        '--batch-size', type=int, default=64, help='images per batch; default: %(default)s'
    )
    parser.add_argument('--workers', type=int, default=2, help='processes that load images')
    parser.add_argument('--device', help='device to compute on; default: the GPU, if there is one')
    add_trust(parser)
    add_config_options(parser)
    parser.set_defaults(launcher='none', work_dir=None)


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Add the option that accepts an untrusted index."""
    parser.add_argument(
        '--trust',
        action='store_true',
        help='use an index that you did not make on this machine; see docs/retrieval.md',
    )


def run(args: argparse.Namespace) -> int:
    """Build or extend an index."""
    from npid_mm.retrieval import build_index

    config, checkpoint = _network(args)
    try:
        index, unreadable = build_index(
            args.out,
            config,
            checkpoint,
            args.images,
            dtype=args.dtype,
            batch_size=args.batch_size,
            num_workers=args.workers,
            device=args.device,
            trust=args.trust,
        )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(STOPPED) from None
    classes = f'{len(index.classes)} classes' if index.classes else 'no classes'
    print(f'{printable_path(args.out)}: {len(index)} images, {classes}, D = {index.dim}')
    for path, reason in unreadable.items():
        print(f'left out, cannot be read: {printable_path(path)}: {reason}', file=sys.stderr)
    return 0


def _network(args: argparse.Namespace) -> tuple[Config, str]:
    """Return config and checkpoint of the network."""
    if args.checkpoint is not None:
        return load_config(args), args.checkpoint
    if args.config.endswith('.py'):
        raise ValueError(f'CHECKPOINT is missing after the config {printable_path(args.config)}')
    if args.cfg_options:
        raise ValueError('--cfg-options changes a config, but a run has its own: name its config')
    return find_run(args.config)


def main(argv: list[str] | None = None) -> int:
    """Run the command; return the exit status."""
    parser = ToolParser(description='Make, resume or extend an index of the images of a folder.')
    add_arguments(parser)
    return run(parser.parse_args(argv))
