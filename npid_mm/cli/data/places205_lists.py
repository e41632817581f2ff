"""Write Places205's lists from the official ones.

npid data places205-lists DATA_ROOT
"""

import argparse
from pathlib import Path

from npid_mm.cli.common.run_tool import ToolParser
from npid_mm.datasets.places205 import IMAGES, places205_list

from .write_lists import wanted, write_list


def parse_args(argv: list[str] | None) -> argparse.Namespace:
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
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Write the missing lists and print what was done."""
    args = parse_args(argv)
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
