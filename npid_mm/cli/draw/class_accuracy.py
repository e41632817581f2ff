"""Draw the kNN accuracy per class: npid draw class-accuracy CONFIG CHECKPOINT."""

import argparse
from pathlib import Path

from mmengine.fileio import dump

from npid_mm.analysis.held_out_search import TEMPERATURE, search_held_out
from npid_mm.cli.common.run_tool import ToolParser
from npid_mm.utils.output_files import JSON, check_output
from npid_mm.visualization import class_accuracy, class_accuracy_bars

from .picture_options import add_picture_options, load_picture_config


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(
        description='Classify the test images of a config by their nearest training images, and '
        'draw the accuracy per class. A JSON file beside the picture has the numbers.'
    )
    add_picture_options(parser, 'class_accuracy', seed=False)
    parser.add_argument(
        '--k', type=int, default=10, help='number of neighbors; default: %(default)s'
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Search, vote and draw; print the paths of the picture and the numbers."""
    args = parse_args(argv)
    cfg, out = load_picture_config(args)
    table = check_output(out.with_suffix('.json'), JSON, args.force)
    temperature = (cfg.get('test_cfg') or {}).get('temperature', TEMPERATURE)
    found = search_held_out(cfg, args.checkpoint, args.k, labeled=True)
    assert found.query_labels is not None  # labeled=True
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
