"""Check that the rows of a memory bank are in the order of a config's training images.

npid convert check-bank-order CONFIG CHECKPOINT [--images 2000]

The exit status is 0 if they are, 1 if not, 2 if it cannot be checked.
"""

import argparse
from pathlib import Path

from npid_mm.analysis.bank_order import bank_order_of_config
from npid_mm.cli.common.options import add_config, add_config_options, load_config
from npid_mm.cli.common.run_tool import ToolParser

CANNOT_TELL = 2  # exit status


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(
        description='Check that the rows of a memory bank are in the order of the training images.'
    )
    add_config(parser, 'config of the pretraining')
    parser.add_argument('checkpoint', type=Path, help='checkpoint of npid_mm')
    parser.add_argument('--images', type=int, default=2000, help='number of images to embed')
    add_config_options(parser)
    parser.set_defaults(launcher='none', work_dir=None)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Print the similarities and the result; return 0 if right, 1 if wrong."""
    args = parse_args(argv)
    parts = bank_order_of_config(load_config(args), args.checkpoint, args.images)
    print('\n'.join(map(str, parts)))
    wrong = [part for part in parts if not part.right]
    if not wrong:
        print('right: in each part the images are most similar to their own rows')
        return 0
    print(
        f'wrong: from image {wrong[0].first:,} on, images are not more similar to their own rows '
        'than to the rows around them. The bank is in another order, of other images, or from a '
        'network that is not trained enough; npid convert reorder-bank changes the order'
    )
    return 1
