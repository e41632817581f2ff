"""Draw the inputs of a network: npid draw views CONFIG [options]."""

import argparse
from pathlib import Path

from npid_mm.analysis.augmented_views import augmented_views
from npid_mm.cli.common.run_tool import ToolParser
from npid_mm.visualization import view_sheet

from .picture_options import add_picture_options, load_picture_config


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(
        description='Draw training images of a pretraining config beside augmented views of them.'
    )
    add_picture_options(parser, 'views', checkpoint=False)
    parser.add_argument(
        '--images',
        type=int,
        default=8,
        help='images to show, spread evenly over the data set; default: %(default)s',
    )
    parser.add_argument(
        '--views', type=int, default=7, help='augmented views per image; default: %(default)s'
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Draw the sheet and print its path."""
    args = parse_args(argv)
    cfg, out = load_picture_config(args)
    originals, views = augmented_views(cfg, args.images, args.views, args.seed)
    title = f'{Path(args.config).stem}: the stored image, and inputs of the network'
    print(f'Look at {view_sheet(originals, views, out, title)}')
