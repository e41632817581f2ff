#!/usr/bin/env python
"""See whether the rows of a checkpoint's bank are in the order of a config's training images.

python tools/model_converters/check_bank_order.py CONFIG CHECKPOINT [--images 2000]

The exit status is 0 if they are, 1 if not, 2 if that cannot be checked.
"""

import argparse
import sys
from pathlib import Path

from npid_mm.analysis.bank_order import bank_order_of_config
from npid_mm.cli.errors import ToolParser, run_tool
from npid_mm.cli.options import add_config_options, load_config

CANNOT_TELL = 2  # exit status


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(
        description="See whether a bank's rows are in the order of the training images."
    )
    parser.add_argument('config', help='pretraining config')
    parser.add_argument('checkpoint', type=Path, help='checkpoint of this package')
    parser.add_argument('--images', type=int, default=2000, help='how many to embed')
    add_config_options(parser)
    parser.set_defaults(launcher='none', work_dir=None)
    return parser.parse_args()


def main() -> int:
    """Print the figures and what they say; returns 0 if right, 1 if wrong."""
    args = parse_args()
    parts = bank_order_of_config(load_config(args), args.checkpoint, args.images)
    print('\n'.join(map(str, parts)))
    wrong = [part for part in parts if not part.right]
    if not wrong:
        print('right: in each part the own row is the most similar one')
        return 0
    print(
        f'wrong: from image {wrong[0].first:,} on the own row is not ahead of those around it. '
        'The bank is in another order, of other images, or of a network that has learnt too '
        'little to tell; tools/model_converters/reorder_bank.py changes the order'
    )
    return 1


if __name__ == '__main__':
    sys.exit(run_tool(main, CANNOT_TELL))
