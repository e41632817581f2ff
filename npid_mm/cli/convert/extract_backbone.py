"""Extract the backbone of a checkpoint, for detectors, segmentors, torchvision and npid_mm.

npid convert extract-backbone CHECKPOINT backbone.pth
"""

import argparse
from pathlib import Path

from npid_mm.checkpoints.convert.convert import extract_backbone
from npid_mm.cli.common.run_tool import ToolParser
from npid_mm.utils.output_files import add_force


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(description="Write the backbone of a checkpoint under torchvision's names.")
    parser.add_argument(
        'checkpoint',
        help='file or URL, of npid_mm, MMSelfSup, lemniscate, VISSL, PyContrast',
    )
    parser.add_argument('out', type=Path, help='file to write; a checkpoint there is replaced')
    add_force(parser)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Write the backbone and print its keys in the checkpoint."""
    args = parse_args(argv)
    print(extract_backbone(args.checkpoint, args.out, args.force))
