#!/usr/bin/env python
"""Draw the kNN accuracy per class: tools/visualization/draw_class_accuracy.py CONFIG CHECKPOINT."""

import argparse
import sys
from pathlib import Path

from mmengine.fileio import dump

from npid_mm.analysis.held_out_search import TEMPERATURE, search_held_out
from npid_mm.cli.picture_options import add_picture_options, load_picture_config
from npid_mm.cli.run_tool import ToolParser, run_tool
from npid_mm.utils.output_files import JSON, check_output
from npid_mm.visualization import class_accuracy, class_accuracy_bars


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(
        description='Classify the test images of a config by their nearest training images, and '
        'draw the accuracy per class. A JSON file beside the picture has the numbers.'
    )
    add_picture_options(parser, 'class_accuracy', seed=False)
    parser.add_argument(
        '--k', type=int, default=10, help='number of neighbors; default: %(default)s'
    )
    return parser.parse_args()


def main() -> None:
    """Search, vote and draw; print the paths of the picture and the numbers."""
    args = parse_args()
    cfg, out = load_picture_config(args)
    table = check_output(out.with_suffix('.json'), JSON, args.force)
    temperature = (cfg.get('test_cfg') or {}).get('temperature', TEMPERATURE)
    found = search_held_out(cfg, args.checkpoint, args.k, labeled=True)
    figures = {
        'k': args.k,
        'temperature': temperature,
        **class_accuracy(found.predictions(temperature), found.query_labels, found.class_names),
    }
    name = f'{Path(args.config).stem}\nkNN accuracy by class, K = {args.k}, tau = {temperature}'
    class_accuracy_bars(figures, out, name)
    dump(figures, table, backend_args=dict(backend='atomic'), indent=1)
    print(f'{figures["accuracy"]:.2f} % of {len(found.queries)} images are right')
    print(f'Look at {out} and {table}')


if __name__ == '__main__':
    sys.exit(run_tool(main))
