#!/usr/bin/env python
"""Convert a checkpoint of another code base, with an account of every key.

python tools/model_converters/convert.py CHECKPOINT OUT --from lemniscate --to npid_mm
"""

import argparse
import sys
from pathlib import Path

from npid_mm.checkpoints.converting import convert
from npid_mm.checkpoints.sources import SOURCES, read_pretrained
from npid_mm.checkpoints.targets import TARGETS


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Convert a checkpoint of another code base.')
    parser.add_argument('checkpoint', help='file or address')
    parser.add_argument('out', type=Path, help='file to write; one that is there is replaced')
    parser.add_argument(
        '--from', dest='source', choices=SOURCES, required=True, help='who wrote the checkpoint'
    )
    parser.add_argument(
        '--to', dest='target', choices=TARGETS, required=True, help='what to write it as'
    )
    return parser.parse_args()


def main() -> int:
    """Convert and say what became of each key; returns the exit code."""
    args = parse_args()
    try:
        print(convert(read_pretrained(args.checkpoint, args.source), args.target, args.out))
    except (ImportError, OSError, ValueError) as error:
        print(f'nothing written: {error}')
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
