#!/usr/bin/env python
"""Write the model of a checkpoint under a name with its date and hash, to hand it on.

python tools/model_converters/publish_model.py work_dirs/run/epoch_200.pth npid_resnet50 [--no-bank]
"""

import argparse
import sys

from npid_mm.checkpoints.publishing import publish


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Write the model of a checkpoint as NAME_YYYYMMDD-HASH.pth.'
    )
    parser.add_argument('checkpoint', help='file or address')
    parser.add_argument('name', help="beginning of the file's path")
    parser.add_argument('--no-bank', action='store_true', help='leave the memory bank out')
    return parser.parse_args()


def main() -> int:
    """Write the file and say what it is called; returns the exit code."""
    args = parse_args()
    try:
        path, left = publish(args.checkpoint, args.name, bank=not args.no_bank)
    except (ImportError, OSError, ValueError) as error:
        print(f'nothing written: {error}')
        return 1
    print(f'left out: {", ".join(left) or "nothing"}')
    print(f'{path}: {path.stat().st_size / 1e6:.1f} MB')
    return 0


if __name__ == '__main__':
    sys.exit(main())
