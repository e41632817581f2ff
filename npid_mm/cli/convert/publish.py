"""Publish the model of a checkpoint under a name with its date and hash.

npid convert publish work_dirs/run/epoch_200.pth npid_resnet50 [--no-bank]
"""

import argparse

from npid_mm.checkpoints.publish import publish
from npid_mm.cli.common.run_tool import ToolParser


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(description='Write the model of a checkpoint as NAME_YYYYMMDD-HASH.pth.')
    parser.add_argument('checkpoint', help='file or URL')
    parser.add_argument('name', help='output path without date, hash and suffix')
    parser.add_argument('--no-bank', action='store_true', help='leave the memory bank out')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Write the file and print its name."""
    args = parse_args(argv)
    path, left = publish(args.checkpoint, args.name, bank=not args.no_bank)
    print(f'left out: {", ".join(left) or "nothing"}')
    print(f'{path}: {path.stat().st_size / 1e6:.1f} MB')
