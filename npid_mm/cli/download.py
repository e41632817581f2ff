"""Download published weights by name or URL, and check their hash.

npid download NAME [--out DIR]
npid download --list

The last line is the path of the file. An interrupted download starts from scratch.
"""

import argparse
import sys
from pathlib import Path

from npid_mm.checkpoints.hub import weights_url, zoo_weights
from npid_mm.cli.common.run_tool import ToolParser
from npid_mm.utils.download import OPENMMLAB, digits_of, download
from npid_mm.utils.hashing import file_sha256


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(
        description='Download published weights and check their hash.',
        epilog=f'NPID_MM_MIRROR replaces {OPENMMLAB}; https_proxy sets the proxy',
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument('name', nargs='?', metavar='NAME', help='model name from --list, or a URL')
    what.add_argument('--list', action='store_true', help='list the models')
    parser.add_argument(
        '--out',
        type=Path,
        metavar='DIR',
        help='folder for the file; default: where get_model(NAME, pretrained=True) looks',
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Download and check the file, print its path; return the exit status."""
    args = parse_args(argv)
    if args.list:
        for name, url in zoo_weights().items():
            print(f'{name}\n    {url}')
        return 0
    path = download(weights_url(args.name), args.out)
    digits = digits_of(path.name)
    if digits:
        print(f'sha256 begins with {digits}, as in the name', file=sys.stderr)
    else:
        found = file_sha256(path)
        print(f'not verified (no hash in the file name); sha256: {found}', file=sys.stderr)
    print(path)
    return 0
