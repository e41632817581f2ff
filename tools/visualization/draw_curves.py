#!/usr/bin/env python
"""Draw curves of one or several runs: tools/visualization/draw_curves.py RUN [RUN ...]."""

import argparse
import sys
from pathlib import Path

from npid_mm.cli.picture_options import add_out, picture_file
from npid_mm.cli.run_tool import ToolParser, run_tool
from npid_mm.visualization import run_names, training_curve


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(
        description='Draw loss, drift of the bank and kNN accuracy of one or several runs.'
    )
    parser.add_argument('runs', nargs='+', metavar='RUN', help='work dir, or its scalars.json')
    parser.add_argument(
        '--names', nargs='+', metavar='NAME', help='names of the runs; default: their folders'
    )
    parser.add_argument('--k', type=int, help='draw only this K of the kNN validation')
    add_out(parser, 'curves.png beside the first run')
    return parser.parse_args()


def main() -> None:
    """Draw and print the path of the picture."""
    args = parse_args()
    first = Path(args.runs[0])
    out = picture_file(args, (first if first.is_dir() else first.parent) / 'curves.png')
    runs = dict(zip(run_names(args.runs, args.names), args.runs, strict=True))
    print(f'Look at {training_curve(runs, out, args.k)}')


if __name__ == '__main__':
    sys.exit(run_tool(main))
