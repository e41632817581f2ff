#!/usr/bin/env python
"""Extract the backbone of a checkpoint, for detectors, segmentors, torchvision and npid_mm.

python tools/model_converters/extract_backbone.py CHECKPOINT backbone.pth
"""

import argparse
import sys
from pathlib import Path

from npid_mm.checkpoints.convert.convert import extract_backbone
from npid_mm.cli.run_tool import ToolParser, run_tool
from npid_mm.utils.output_files import add_force


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(description="Write the backbone of a checkpoint under torchvision's names.")
    parser.add_argument(
        'checkpoint',
        help='file or URL, of npid_mm, MMSelfSup, lemniscate, VISSL, PyContrast',
    )
    parser.add_argument('out', type=Path, help='file to write; a checkpoint there is replaced')
    add_force(parser)
    return parser.parse_args()


def main() -> None:
    """Write the backbone and print its keys in the checkpoint."""
    args = parse_args()
    print(extract_backbone(args.checkpoint, args.out, args.force))


if __name__ == '__main__':
    sys.exit(run_tool(main))
