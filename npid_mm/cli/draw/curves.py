"""Draw curves of one or several runs: npid draw curves RUN [RUN ...]."""

import argparse
from pathlib import Path

from npid_mm.cli.common.run_tool import ToolParser
from npid_mm.visualization import run_names, training_curve

from .picture_options import add_out, picture_file


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(
        description='Draw loss, kNN accuracy and measures of the bank of one or several runs.'
    )
    parser.add_argument('runs', nargs='+', metavar='RUN', help='work dir, or its scalars.json')
    parser.add_argument(
        '--names', nargs='+', metavar='NAME', help='names of the runs; default: their folders'
    )
    parser.add_argument('--k', type=int, help='draw only this K of the kNN validation')
    add_out(parser, 'curves.png beside the first run')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Draw and print the path of the picture."""
    args = parse_args(argv)
    first = Path(args.runs[0])
    out = picture_file(args, (first if first.is_dir() else first.parent) / 'curves.png')
    runs = dict(zip(run_names(args.runs, args.names), args.runs, strict=True))
    print(f'Look at {training_curve(runs, out, args.k)}')
