#!/usr/bin/env python
"""Check ImageNet before a long run: python tools/dataset_converters/check_imagenet.py DATA_ROOT."""

import argparse
import sys
from pathlib import Path

from rich.progress import track

from npid_mm.datasets.image_list_check import (
    IMAGENET_CLASSES,
    LABELED_LISTS,
    check_image_lists,
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Check that the folders and lists of ImageNet are there and fit together.'
    )
    parser.add_argument('data_root', type=Path, help='holds train/, val/ and meta/')
    parser.add_argument('--classes', type=int, default=IMAGENET_CLASSES)
    parser.add_argument(
        '--labeled-lists', action='store_true', help=f'also check {" and ".join(LABELED_LISTS)}'
    )
    files = parser.add_mutually_exclusive_group()
    files.add_argument(
        '--sample', type=int, default=1000, help='files of each list to look for; default: 1000'
    )
    files.add_argument('--all', action='store_true', help='look for all files')
    return parser.parse_args()


def main() -> int:
    """Print what is wrong, or one line that says that all is well; returns the exit code."""
    args = parse_args()
    report = check_image_lists(
        args.data_root,
        ('train', 'val', *(LABELED_LISTS if args.labeled_lists else ())),
        args.classes,
        None if args.all else args.sample,
        lambda files, name: track(files, f'{name}: looking for {len(files):,} files'),
    )
    for text in report.problems:
        print(f'problem: {text}')
    for text in report.notices:
        print(f'notice: {text}')
    if report.problems:
        return 1
    counts = ', '.join(f'{name} {count:,}' for name, count in report.counts.items())
    print(f'all well: {counts}; {report.looked_for:,} files looked for')
    return 0


if __name__ == '__main__':
    sys.exit(main())
