"""Write an index as a table, or an encoder as ONNX or torch.export file.

npid export INDEX vectors.parquet
npid export RUN encoder.onnx [--images FOLDER]
npid export CONFIG CHECKPOINT encoder.onnx
"""

import argparse

from npid_mm.api.embed import index_embeddings
from npid_mm.api.run_folder import find_run
from npid_mm.cli.common.run_tool import ToolParser
from npid_mm.export import export_encoder
from npid_mm.utils.output_files import EMBEDDINGS, ONNX, PT2, add_force, check_output
from npid_mm.utils.paths import printable_path

ENCODERS = (*ONNX.endings, *PT2.endings)


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(description='Write an index as a table, or an encoder as a file.')
    parser.add_argument(
        'source',
        nargs='+',
        metavar='SOURCE',
        help='folder of an index for a table; folder of a run, a checkpoint in one, or a config '
        'and a checkpoint for an encoder',
    )
    parser.add_argument(
        'out',
        metavar='FILE',
        help=f'file to write: {", ".join(EMBEDDINGS.endings)} from an index, '
        f'{" or ".join(ENCODERS)} from a run',
    )
    parser.add_argument(
        '--images',
        help='folder of images on which the encoder is compared with PyTorch; default: noise',
    )
    add_force(parser)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Write the file; return the exit status."""
    args = parse_args(argv)
    name = args.out.lower()
    if name.endswith(EMBEDDINGS.endings):
        _write_table(args)
    elif name.endswith(ENCODERS):
        _write_encoder(args)
    else:
        endings = ', '.join((*EMBEDDINGS.endings, *ENCODERS))
        raise ValueError(f'FILE must end in one of {endings}, got {args.out}')
    return 0


def _write_table(args: argparse.Namespace) -> None:
    if len(args.source) > 1:
        raise ValueError(f'a table is written from one index, got {" ".join(args.source)}')
    if args.images:
        raise ValueError('--images is for an encoder, and an index has its images')
    check_output(args.out, EMBEDDINGS, args.force, 'FILE')
    embeddings = index_embeddings(args.source[0])
    embeddings.save(args.out, args.force)
    count, dim = embeddings.vectors.shape
    print(f'{printable_path(args.out)}: {count:,} images, D = {dim}')


def _write_encoder(args: argparse.Namespace) -> None:
    if len(args.source) > 2:
        raise ValueError(
            'an encoder is written from a run, or from a config and a checkpoint, got '
            f'{" ".join(args.source)}'
        )
    config, checkpoint = find_run(*reversed(args.source))
    export_encoder(config, checkpoint, args.out, args.images, args.force)
    print(f'Look at {printable_path(args.out)}')
