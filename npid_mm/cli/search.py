"""Find the images of an index that are similar to others, without torch unless asked for.

npid search INDEX QUERY... [--k 10] [--html PAGE]
"""

import argparse
import sys

from npid_mm.retrieval import FeatureIndex, IndexSearch
from npid_mm.utils.output_files import PAGE, add_force, check_output
from npid_mm.utils.paths import printable_path

from .common.run_tool import ToolParser


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument('index', metavar='INDEX', help='folder of the index')
    parser.add_argument('queries', nargs='+', metavar='QUERY', help='image or folder of images')
    parser.add_argument(
        '--k', '--top', type=int, default=10, help='neighbors per query; default: %(default)s'
    )
    parser.add_argument('--html', metavar='PAGE', help='HTML page to write with the neighbors')
    parser.add_argument(
        '--page-images',
        type=int,
        default=500,
        help='number of indexed images to include in the page',
    )
    parser.add_argument(
        '--device', help='embed the queries with torch on this device, such as cuda or cpu'
    )
    parser.add_argument('--approximate', action='store_true', help='search with torch and faiss')
    parser.add_argument(
        '--checkpoint', help='embed with torch, and this new path of the checkpoint'
    )
    parser.add_argument(
        '--trust',
        action='store_true',
        help='with torch, use an index that you did not make on this machine',
    )
    add_force(parser)


def run(args: argparse.Namespace) -> int:
    """Print the neighbors of the queries; return 1 if one cannot be read."""
    if args.html:
        check_output(args.html, PAGE, args.force, '--html')
    arguments = dict(top_k=args.k, html=args.html, page_images=args.page_images, force=args.force)
    index = FeatureIndex(args.index)
    if args.device or args.approximate or args.checkpoint or not index.meta.get('encoder'):
        from npid_mm.retrieval import ImageRetriever

        retriever = ImageRetriever(
            index,
            args.checkpoint,
            device=args.device,
            approximate=args.approximate,
            trust=args.trust,
        )
        results, recall = retriever(args.queries, **arguments), retriever.recall
    else:
        results, recall = IndexSearch(index)(args.queries, **arguments), 1.0
    for result in results:
        if result['error'] is None:
            _show(result)
        else:
            print(result['error'], file=sys.stderr)
    if args.approximate:
        print(f'\napproximate search: recall {recall:.3f}')
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


def main(argv: list[str] | None = None) -> int:
    """Run the command; return the exit status."""
    parser = ToolParser(description='Find the images of an index that are similar to others.')
    add_arguments(parser)
    return run(parser.parse_args(argv))
