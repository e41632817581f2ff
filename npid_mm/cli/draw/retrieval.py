"""Draw the paper's retrieval figure: npid draw retrieval CONFIG CHECKPOINT."""

import argparse
from functools import partial
from pathlib import Path

from npid_mm.analysis.held_out_search import search_held_out
from npid_mm.analysis.stored_images import shown_image
from npid_mm.cli.common.run_tool import ToolParser
from npid_mm.datasets.transforms.pipeline_reader import dataset_reader
from npid_mm.visualization import retrieval_figure

from .picture_options import add_picture_options, load_picture_config


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(
        description='Draw the best, the worst and random test images of a config, each with its '
        'nearest training images. Without labels, only random images are drawn.'
    )
    add_picture_options(parser, 'retrieval')
    parser.add_argument(
        '--rows', type=int, default=4, help='queries of each kind; default: %(default)s'
    )
    parser.add_argument(
        '--k', type=int, default=10, help='neighbors per query; default: %(default)s'
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Search, draw and print the path of the picture."""
    args = parse_args(argv)
    cfg, out = load_picture_config(args)
    found = search_held_out(cfg, args.checkpoint, args.k)
    retrieval_figure(
        partial(shown_image, found.queries),
        partial(shown_image, found.references),
        found.similarity,
        found.index,
        found.query_labels,
        found.reference_labels,
        found.class_names,
        rows=args.rows,
        seed=args.seed,
        name=Path(args.config).stem,
        out=out,
        reader=dataset_reader(found.queries),
    )
    print(f'Look at {out}')
