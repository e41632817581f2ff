"""Find similar images with the features of a trained network.

python tools/retrieve.py index CONFIG CHECKPOINT --images FOLDER --out INDEX
python tools/retrieve.py search INDEX QUERY... [--top 10] [--html PAGE]
python tools/retrieve.py approximate INDEX
"""

import argparse
import sys

from npid_mm.cli.common.options import add_config_options, load_config
from npid_mm.cli.common.run_tool import ToolParser
from npid_mm.retrieval import FeatureIndex, ImageRetriever, build_approximate, build_index
from npid_mm.retrieval.index.metadata import DTYPES
from npid_mm.utils.output_files import PAGE, add_force, check_output
from npid_mm.utils.paths import printable_path


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(description='Find similar images with the features of a trained network.')
    parser.set_defaults(stopped=())
    commands = parser.add_subparsers(dest='command', required=True)

    index = commands.add_parser('index', help='make, resume or extend an index of a folder')
    index.add_argument('config', help='config of a pretraining or of a kNN evaluation')
    index.add_argument('checkpoint', help='checkpoint file of the pretraining')
    index.add_argument(
        '--images', required=True, metavar='FOLDER', help='folder of the images to index'
    )
    index.add_argument('--out', required=True, metavar='INDEX', help='folder of the index')
    index.add_argument(
        '--dtype',
        choices=list(DTYPES),
        default='bfloat16',
        help='type of the stored features; default: %(default)s',
    )
    index.add_argument(
        '--batch-size', type=int, default=64, help='images per batch; default: %(default)s'
    )
    index.add_argument('--workers', type=int, default=2, help='processes that load images')
    index.add_argument('--device', help='device to compute on; default: the GPU, if there is one')
    _add_trust(index)
    add_config_options(index)
    index.set_defaults(run=_make_index, launcher='none', work_dir=None)
    index.set_defaults(stopped=('the finished part is kept; repeat the command to resume',))

    search = commands.add_parser('search', help='print the neighbors of images')
    search.add_argument('index', metavar='INDEX', help='folder of the index')
    search.add_argument('queries', nargs='+', metavar='QUERY', help='image or folder of images')
    search.add_argument('--top', type=int, default=10, help='neighbors per query')
    search.add_argument('--html', metavar='PAGE', help='HTML page to write with the neighbors')
    search.add_argument(
        '--page-images',
        type=int,
        default=500,
        help='number of indexed images to include in the page',
    )
    search.add_argument('--approximate', action='store_true', help='search with faiss')
    search.add_argument('--checkpoint', help='new path of the checkpoint, if it was moved')
    search.add_argument('--device', help='device to compute on; default: the GPU, if there is one')
    add_force(search)
    _add_trust(search)
    search.set_defaults(run=_search_index)

    approximate = commands.add_parser(
        'approximate', help='prepare an index for approximate search with faiss'
    )
    approximate.add_argument('index', metavar='INDEX', help='folder of the index')
    _add_trust(approximate)
    approximate.set_defaults(run=_prepare_approximate)
    return parser.parse_args(argv)


def _add_trust(parser: argparse.ArgumentParser) -> None:
    """Add the option that accepts an untrusted index."""
    parser.add_argument(
        '--trust',
        action='store_true',
        help='use an index that you did not make on this machine; see docs/retrieval.md',
    )


def _make_index(args: argparse.Namespace) -> int:
    """Build or extend an index."""
    index, unreadable = build_index(
        args.out,
        load_config(args),
        args.checkpoint,
        args.images,
        dtype=args.dtype,
        batch_size=args.batch_size,
        num_workers=args.workers,
        device=args.device,
        trust=args.trust,
    )
    classes = f'{len(index.classes)} classes' if index.classes else 'no classes'
    print(f'{printable_path(args.out)}: {len(index)} images, {classes}, D = {index.dim}')
    for path, reason in unreadable.items():
        print(f'left out, cannot be read: {printable_path(path)}: {reason}', file=sys.stderr)
    return 0


def _search_index(args: argparse.Namespace) -> int:
    """Print the neighbors of the queries; return 1 if one cannot be read."""
    if args.html:
        check_output(args.html, PAGE, args.force, '--html')
    retriever = ImageRetriever(
        args.index,
        args.checkpoint,
        device=args.device,
        approximate=args.approximate,
        trust=args.trust,
    )
    results = retriever(
        args.queries,
        top_k=args.top,
        html=args.html,
        page_images=args.page_images,
        force=args.force,
    )
    for result in results:
        if result['error'] is None:
            _show(result)
        else:
            print(result['error'], file=sys.stderr)
    if args.approximate:
        print(f'\napproximate search: recall {retriever.recall:.3f}')
    if args.html:
        print(f'\nLook at {printable_path(args.html)}')
    return int(any(result['error'] for result in results))


def _show(result: dict) -> None:
    """Print a query and its neighbors."""
    label = f'  ({printable_path(result["label"])})' if result['label'] else ''
    print(f'\n{printable_path(result["query"])}{label}')
    for rank, found in enumerate(result['neighbors'], 1):
        label = f'  ({printable_path(found["label"])})' if found['label'] else ''
        print(f'{rank:4}  {found["similarity"]:.4f}  {printable_path(found["path"])}{label}')


def _prepare_approximate(args: argparse.Namespace) -> int:
    """Sort the rows into lists and print the recall of a search through them."""
    about = build_approximate(FeatureIndex(args.index), args.trust)
    print(
        f'{args.index}: {about["probes"]} of {about["lists"]} lists give a recall of '
        f'{about["recall"]:.3f} for K = {about["k"]}, over {about["queries"]} images of the index'
    )
    return 0


def main(argv: list[str] | None = None) -> int:
    """Run the command; return the exit status."""
    args = parse_args(argv)
    try:
        return args.run(args)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(*args.stopped) from None
