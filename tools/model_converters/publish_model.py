#!/usr/bin/env python
"""Publish the model of a checkpoint under a name with its date and hash.

python tools/model_converters/publish_model.py work_dirs/run/epoch_200.pth npid_resnet50 [--no-bank]
"""

import argparse
import sys

from npid_mm.checkpoints.publish import publish
from npid_mm.cli.run_tool import ToolParser, run_tool


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(description='Write the model of a checkpoint as NAME_YYYYMMDD-HASH.pth.')
    parser.add_argument('checkpoint', help='file or URL')
    parser.add_argument('name', help='output path without date, hash and suffix')
    parser.add_argument('--no-bank', action='store_true', help='leave the memory bank out')
    return parser.parse_args()


def main() -> None:
    """Write the file and print its name."""
    args = parse_args()
    path, left = publish(args.checkpoint, args.name, bank=not args.no_bank)
    print(f'left out: {", ".join(left) or "nothing"}')
    print(f'{path}: {path.stat().st_size / 1e6:.1f} MB')


if __name__ == '__main__':
    sys.exit(run_tool(main))
