"""Check a data set before a long run.

npid data check imagenet data/imagenet
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

from rich.progress import track

from npid_mm.cli.common.run_tool import ToolParser
from npid_mm.datasets.layout_checks import LAYOUT_CHECKS
from npid_mm.datasets.layout_checks.image_lists import LABELED_LISTS, ImageListCheck

LISTS = ('train', 'val')


def parse_args(argv: list[str] | None) -> dict:
    """Read the command line.

    Returns:
        dict: ``check``, ``root``, and the arguments to build the check with.
    """
    parser = ToolParser(description='Check that the files of a data set exist and fit together.')
    names = parser.add_subparsers(metavar='DATA_SET', required=True)
    for name, check in sorted(LAYOUT_CHECKS.items()):
        own = names.add_parser(name, help=f'check {name}')
        own.set_defaults(check=check)
        own.add_argument('root', type=Path, metavar='DATA_ROOT', help='data_root of the configs')
        if check.samples_files:
            add_sample(own)
        if issubclass(check, ImageListCheck):
            own.set_defaults(lists=LISTS)
            own.add_argument(
                '--classes',
                type=int,
                help='number of classes, if the data set is a subset; '
                f'default: {check.num_classes}',
            )
        if name == 'imagenet':
            own.add_argument(
                '--labeled-lists',
                action='store_const',
                dest='lists',
                const=(*LISTS, *LABELED_LISTS),
                help=f'also check {" and ".join(LABELED_LISTS)}',
            )
    return vars(parser.parse_args(argv))


def add_sample(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the number of files to look for."""
    parser.set_defaults(watch=show)
    files = parser.add_mutually_exclusive_group()
    files.add_argument(
        '--sample',
        type=int,
        default=1000,
        help='number of files per list to check for; default: 1000',
    )
    files.add_argument(
        '--all', action='store_const', dest='sample', const=None, help='check for all files'
    )


def show(files: list, name: str) -> Iterable:
    """Show a progress bar over the files."""
    return track(files, f'{name}: looking for {len(files):,} files')


def main(argv: list[str] | None = None) -> int:
    """Print the problems, or one line if there are none; return the exit status."""
    args = parse_args(argv)
    check, root = args.pop('check'), args.pop('root')
    if not root.is_dir():
        raise FileNotFoundError(f'DATA_ROOT: folder not found: {root}')
    report = check(**args)(root)
    for text in report.problems:
        print(f'problem: {text}')
    for text in report.notices:
        print(f'notice: {text}')
    if report.problems:
        return 1
    counts = [f'{name} {count:,}' for name, count in report.counts.items()]
    print(f'no problems found: {", ".join([*counts, f"{report.looked_for:,} files checked"])}')
    return 0
