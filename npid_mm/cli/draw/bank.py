"""Draw a map of the memory bank: npid draw bank CONFIG CHECKPOINT [options]."""

import argparse
from pathlib import Path

from npid_mm.analysis.classes import class_names, labels_if_any
from npid_mm.analysis.held_out_search import load_bank
from npid_mm.cli.common.run_tool import ToolParser
from npid_mm.utils.checks import check_whole
from npid_mm.visualization import METHODS, class_map, project_2d, sample_positions

from .picture_options import add_picture_options, load_picture_config


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(
        description='Draw a 2D map of the memory bank of a checkpoint, colored by class.'
    )
    add_picture_options(parser, 'bank')
    parser.add_argument(
        '--method',
        choices=list(METHODS),
        default='tsne',
        help='projection method; default: %(default)s',
    )
    parser.add_argument(
        '--points',
        type=int,
        default=5000,
        help='maximum number of rows to show; more are sampled at random; default: %(default)s',
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Sample and project rows, draw them, and print the path of the picture."""
    args = parse_args(argv)
    check_whole('--points', args.points)
    cfg, out = load_picture_config(args)
    rows, images = load_bank(cfg, args.checkpoint)
    labels, names = labels_if_any(images), class_names(images)
    chosen = sample_positions(len(rows), args.points, args.seed)
    shown = f'{len(chosen)} of {len(rows)}' if len(chosen) < len(rows) else f'all {len(rows)}'
    class_map(
        project_2d(rows[chosen].float(), args.method, args.seed),
        None if labels is None else labels[chosen],
        names,
        f'{Path(args.config).stem}\n{METHODS[args.method]} of {shown} rows of the memory bank',
        out,
    )
    print(f'Look at {out}')
