#!/usr/bin/env python
"""Check a data set before a long run.

python tools/dataset_converters/check_dataset.py imagenet data/imagenet
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from rich.progress import track

from npid_mm.cli.errors import ToolParser, run_tool
from npid_mm.datasets.layout_checks import (
    IMAGENET,
    LABELED_LISTS,
    PLACES205,
    check_cifar10,
    check_cityscapes,
    check_coco,
    check_image_lists,
    check_inaturalist2018,
    check_voc0712,
    check_voc2007,
    check_voc2012aug,
)

CHECKS = {
    'imagenet': check_image_lists,
    'places205': check_image_lists,
    'inaturalist2018': check_inaturalist2018,
    'voc2007': check_voc2007,
    'voc0712': check_voc0712,
    'voc2012aug': check_voc2012aug,
    'cityscapes': check_cityscapes,
    'coco': check_coco,
    'cifar10': check_cifar10,
}
LISTS = ('train', 'val')


def parse_args() -> dict:
    """Read the command line: ``check`` and the arguments to call it with."""
    parser = ToolParser(
        description='Check that the files of a data set are there and fit together.'
    )
    names = parser.add_subparsers(metavar='DATA_SET', required=True)
    for name, check in CHECKS.items():
        own = names.add_parser(name, help=f'check {name}')
        own.set_defaults(check=check)
        own.add_argument('root', type=Path, metavar='DATA_ROOT', help='data_root of the configs')
        if check is not check_cifar10:  # whose few files are all read
            add_sample(own)
        if check is check_image_lists:
            layout = {'imagenet': IMAGENET, 'places205': PLACES205}[name]
            own.set_defaults(layout=layout, lists=LISTS)
            own.add_argument(
                '--classes', type=int, help=f'of a part of it; default: {layout.classes}'
            )
        if name == 'imagenet':
            own.add_argument(
                '--labeled-lists',
                action='store_const',
                dest='lists',
                const=(*LISTS, *LABELED_LISTS),
                help=f'also check {" and ".join(LABELED_LISTS)}',
            )
    return vars(parser.parse_args())


def add_sample(parser: argparse.ArgumentParser) -> None:
    """Arguments that say how many files to look for."""
    parser.set_defaults(watch=show)
    files = parser.add_mutually_exclusive_group()
    files.add_argument(
        '--sample', type=int, default=1000, help='files of each list to look for; default: 1000'
    )
    files.add_argument(
        '--all', action='store_const', dest='sample', const=None, help='look for all files'
    )


def show(files: list, name: str) -> Iterable:
    """Show a bar while the files are looked for."""
    return track(files, f'{name}: looking for {len(files):,} files')


def main() -> int:
    """Print what is wrong, or one line that says that all is well; returns the exit code."""
    args = parse_args()
    check = args.pop('check')
    if not args['root'].is_dir():
        raise FileNotFoundError(f'DATA_ROOT: there is no folder {args["root"]}')
    report = check(**args)
    for text in report.problems:
        print(f'problem: {text}')
    for text in report.notices:
        print(f'notice: {text}')
    if report.problems:
        return 1
    counts = [f'{name} {count:,}' for name, count in report.counts.items()]
    print(f'all well: {", ".join([*counts, f"{report.looked_for:,} files looked for"])}')
    return 0


if __name__ == '__main__':
    sys.exit(run_tool(main))
