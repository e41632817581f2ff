"""Find similar images with the features of a trained network.

npid retrieve index CONFIG CHECKPOINT --images FOLDER --out INDEX
npid retrieve search INDEX QUERY... [--k 10] [--html PAGE]
npid retrieve approximate INDEX
"""

import argparse

from npid_mm.retrieval import FeatureIndex

from . import index, search
from .common.run_tool import ToolParser


def main(argv: list[str] | None = None) -> int:
    """Run the command; return the exit status."""
    parser = ToolParser(description='Find similar images with the features of a trained network.')
    commands = parser.add_subparsers(dest='command', required=True)
    for name, module, about in (
        ('index', index, 'make, resume or extend an index of a folder'),
        ('search', search, 'print the neighbors of images'),
    ):
        added = commands.add_parser(name, help=about)
        module.add_arguments(added)
        added.set_defaults(run=module.run)
    approximate = commands.add_parser(
        'approximate', help='prepare an index for approximate search with faiss'
    )
    approximate.add_argument('index', metavar='INDEX', help='folder of the index')
    index.add_trust(approximate)
    approximate.set_defaults(run=_prepare_approximate)
    args = parser.parse_args(argv)
    return args.run(args)


def _prepare_approximate(args: argparse.Namespace) -> int:
    """Sort the rows into lists and print the recall of a search through them."""
    from npid_mm.retrieval import build_approximate

    about = build_approximate(FeatureIndex(args.index), args.trust)
    print(
        f'{args.index}: {about["probes"]} of {about["lists"]} lists give a recall of '
        f'{about["recall"]:.3f} for K = {about["k"]}, over {about["queries"]} images of the index'
    )
    return 0
