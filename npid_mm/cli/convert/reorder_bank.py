"""Reorder the memory bank of a checkpoint to match another order of the images.

The authors' code numbers images as torchvision's ImageFolder does, MMSelfSup and npid_mm by the
lines of a list. An order is a folder of class folders, or a list. A checkpoint of a training with
npid_mm records the order of its rows and does not need --old:

npid convert reorder-bank CHECKPOINT OUT --old data/imagenet/train \
    --new data/imagenet/meta/train.txt
"""

import argparse
from pathlib import Path

from npid_mm.checkpoints.reorder_bank import reorder_bank
from npid_mm.cli.common.run_tool import ToolParser
from npid_mm.utils.output_files import add_force


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(
        description='Reorder the memory bank of a checkpoint to match another order of the images.'
    )
    parser.add_argument('checkpoint', type=Path, help='checkpoint of npid_mm')
    parser.add_argument('out', type=Path, help='file to write; a checkpoint there is replaced')
    add_force(parser)
    for name, what in (('old', 'current'), ('new', 'new')):
        parser.add_argument(
            f'--{name}',
            type=Path,
            required=name == 'new',
            metavar='ORDER',
            help=f'{what} order: a folder of class folders, or a list of images',
        )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Write the checkpoint and print how many rows moved."""
    args = parse_args(argv)
    rows, moved, left = reorder_bank(args.checkpoint, args.out, args.old, args.new, args.force)
    if left:
        print(f'left out: {", ".join(left)}')
    print(f'{args.out}: {moved:,} of {rows:,} rows moved')
