#!/usr/bin/env python
"""Convert a checkpoint of another code base and report what happened to each key.

python tools/model_converters/convert.py CHECKPOINT OUT --from lemniscate --to npid_mm
"""

import argparse
import sys
from pathlib import Path

from npid_mm.checkpoints.convert.convert import convert
from npid_mm.checkpoints.convert.exporters import TARGETS
from npid_mm.checkpoints.convert.importers import SOURCES, read_pretrained
from npid_mm.cli.run_tool import ToolParser, run_tool
from npid_mm.utils.output_files import add_force


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(description='Convert a checkpoint of another code base.')
    parser.add_argument('checkpoint', help='file or URL')
    parser.add_argument('out', type=Path, help='file to write; a checkpoint there is replaced')
    add_force(parser)
    parser.add_argument(
        '--from',
        dest='source',
        choices=SOURCES,
        required=True,
        help='code base that wrote the checkpoint',
    )
    parser.add_argument('--to', dest='target', choices=TARGETS, required=True, help='output format')
    return parser.parse_args()


def main() -> None:
    """Convert and print what happened to each key."""
    args = parse_args()
    print(convert(read_pretrained(args.checkpoint, args.source), args.target, args.out, args.force))


if __name__ == '__main__':
    sys.exit(run_tool(main))
