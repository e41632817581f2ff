"""Write the feature vectors of images to a file.

npid embed RUN IMAGES... --out vectors.npz
"""

import argparse
import sys

from npid_mm.api.embed import embed
from npid_mm.cli.common.run_tool import ToolParser
from npid_mm.utils.output_files import EMBEDDINGS, add_force, check_output
from npid_mm.utils.paths import printable_path


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(description='Write the feature vectors of images to a file.')
    parser.add_argument('run', metavar='RUN', help='folder of a run, or a checkpoint')
    parser.add_argument(
        'images',
        nargs='+',
        metavar='IMAGES',
        help='folders, image files, or lists in .txt or .csv files',
    )
    parser.add_argument(
        '--out', required=True, metavar='FILE', help='.npz, .parquet or .csv file to write'
    )
    parser.add_argument('--config', help='config of the checkpoint, if RUN has no run.json')
    parser.add_argument(
        '--batch-size', type=int, default=64, help='images per batch; default: %(default)s'
    )
    parser.add_argument(
        '--workers', type=int, default=2, help='processes that load images; default: %(default)s'
    )
    parser.add_argument('--device', help='device to compute on; default: the GPU, if there is one')
    add_force(parser)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Embed the images; return the exit status."""
    args = parse_args(argv)
    check_output(args.out, EMBEDDINGS, args.force)
    embeddings = embed(
        args.run,
        args.images,
        batch_size=args.batch_size,
        workers=args.workers,
        device=args.device,
        config=args.config,
    )
    embeddings.save(args.out, args.force)
    count, dim = embeddings.vectors.shape
    print(f'{printable_path(args.out)}: {count:,} images, D = {dim}')
    for path, reason in embeddings.unreadable.items():
        print(f'left out, cannot be read: {printable_path(path)}: {reason}', file=sys.stderr)
    return 0
