"""Write ImageNet's lists from its class folders, and lists of subsets.

npid data imagenet-lists DATA_ROOT [--subset 1 --subset 10]
"""

import argparse
from pathlib import Path

from npid_mm.cli.common.run_tool import ToolParser
from npid_mm.datasets.image_folders.image_list import (
    class_folder_list,
    named_subset,
    read_image_list,
    sample_subset,
)

from .write_lists import wanted, write_list

VAL_LABELS = """\
The validation archive has no class folders. Any of these gives its labels:
  - put ILSVRC2012_devkit_t12.tar.gz and ILSVRC2012_img_val.tar into DATA_ROOT and let torchvision
    unpack them into class folders (docs/datasets.md has the command);
  - copy the val.txt of Caffe's ILSVRC12 files, in sorted WNID order, to meta/val.txt.
The numbers in the development kit's ILSVRC2012_validation_ground_truth.txt are in another order."""


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(description="Write ImageNet's lists to DATA_ROOT/meta.")
    parser.add_argument('data_root', type=Path, help='folder that contains train/ and val/')
    parser.add_argument(
        '--subset',
        type=int,
        action='append',
        default=[],
        metavar='PERCENT',
        help='also write train_<PERCENT>percent.txt; may be repeated',
    )
    parser.add_argument(
        '--subset-list',
        type=Path,
        help="list of the subset's file names, as published by SimCLR; without it, the subset is "
        'sampled at random',
    )
    parser.add_argument('--seed', type=int, default=0, help='seed of a sampled subset')
    parser.add_argument('--force', action='store_true', help='replace existing lists')
    args = parser.parse_args(argv)
    if args.subset_list and len(args.subset) != 1:
        parser.error('--subset-list needs exactly one --subset')
    if args.subset_list and not args.subset_list.is_file():
        parser.error(f'--subset-list {args.subset_list}: no such file')
    return args


def main(argv: list[str] | None = None) -> None:
    """Write the missing lists and print what was done."""
    args = parse_args(argv)
    meta = args.data_root / 'meta'
    train, val = meta / 'train.txt', meta / 'val.txt'
    failed = None
    if wanted(train, args.force):
        write_list(train, class_folder_list(args.data_root / 'train'))
    if wanted(val, args.force):
        try:
            write_list(val, class_folder_list(args.data_root / 'val'))
        except FileNotFoundError as error:
            print(VAL_LABELS)
            failed = FileNotFoundError(f'cannot write {val}: {error}')
    for percent in args.subset:
        out = meta / f'train_{percent}percent.txt'
        if not wanted(out, args.force):
            continue
        if args.subset_list:
            names = args.subset_list.read_text().splitlines()
            write_list(out, named_subset(read_image_list(train), names))
        else:
            write_list(out, sample_subset(read_image_list(train), percent, args.seed))
            print(
                f'note: {out.name} is a sample of {percent} % of each class with seed '
                f"{args.seed}, not SimCLR's subset: results are not comparable with published ones"
            )
    if failed:
        raise failed
