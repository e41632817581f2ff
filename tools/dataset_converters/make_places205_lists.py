#!/usr/bin/env python
"""Write Places205's lists from the official ones.

python tools/dataset_converters/make_places205_lists.py DATA_ROOT
"""

import argparse
import sys
from pathlib import Path

from npid_mm.cli.run_tool import ToolParser, run_tool
from npid_mm.cli.write_lists import wanted, write_list
from npid_mm.datasets.places205 import IMAGES, places205_list


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(description="Write Places205's lists to DATA_ROOT/meta.")
    parser.add_argument(
        'data_root', type=Path, help='folder that contains trainvalsplit_places205/'
    )
    parser.add_argument(
        '--images',
        default=IMAGES,
        metavar='FOLDER',
        help='folder of the images below DATA_ROOT; default: %(default)s',
    )
    parser.add_argument('--force', action='store_true', help='replace existing lists')
    return parser.parse_args()


def main() -> None:
    """Write the missing lists and print what was done."""
    args = parse_args()
    failed = []
    for split in ('train', 'val'):
        out = args.data_root / f'meta/{split}.txt'
        if not wanted(out, args.force):
            continue
        try:
            write_list(out, places205_list(args.data_root, split, args.images))
        except (FileNotFoundError, ValueError) as error:
            failed.append(f'cannot write {out}: {error}')
    if failed:
        raise ValueError('; '.join(failed))


if __name__ == '__main__':
    sys.exit(run_tool(main))
