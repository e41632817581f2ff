"""Convert a checkpoint of another code base and report what happened to each key.

npid convert checkpoint CHECKPOINT OUT --from lemniscate --to npid_mm
"""

import argparse
from pathlib import Path

from npid_mm.checkpoints.convert.convert import convert
from npid_mm.checkpoints.convert.exporters import TARGETS
from npid_mm.checkpoints.convert.importers import SOURCES, read_pretrained
from npid_mm.cli.common.run_tool import ToolParser
from npid_mm.utils.output_files import add_force


def parse_args(argv: list[str] | None) -> argparse.Namespace:
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
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Convert and print what happened to each key."""
    args = parse_args(argv)
    print(convert(read_pretrained(args.checkpoint, args.source), args.target, args.out, args.force))
