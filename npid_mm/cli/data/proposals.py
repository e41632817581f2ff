"""Write the proposals of VOC's images by selective search, for Fast R-CNN.

npid data proposals data/VOCdevkit
"""

import argparse
from pathlib import Path

from rich.progress import track

from npid_mm.cli.common.run_tool import ToolParser
from npid_mm.datasets.layout_checks.base import LayoutReport
from npid_mm.datasets.proposals import proposal_path, write_proposals
from npid_mm.utils.checks import check_whole
from npid_mm.utils.paths import printable_path

SPLITS = ('trainval', 'test')


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(
        description="Propose regions of VOC2007's images by selective search. Images that have a "
        'file of proposals are passed over, so that the command can be stopped and started again.'
    )
    parser.add_argument('devkit', type=Path, metavar='VOCDEVKIT', help='folder with VOC2007/')
    parser.add_argument(
        '--split', nargs='+', choices=SPLITS, default=SPLITS, help='lists of images; default: both'
    )
    parser.add_argument('--workers', type=int, default=1, help='processes that search')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Write the missing proposals."""
    args = parse_args(argv)
    check_whole('--workers', args.workers)
    images = [path for split in args.split for path in listed_images(args.devkit, split)]
    missing = sum(not proposal_path(image).is_file() for image in images)
    written = write_proposals(images, args.workers)
    for _ in track(written, 'selective search', total=missing, disable=not missing):
        pass
    folder = printable_path(proposal_path(images[0]).parent)
    print(f'{folder}: proposals of {len(images):,} images, {missing:,} of them new')


def listed_images(devkit: Path, split: str) -> list[Path]:
    """Return the images of a split of VOC2007.

    Raises:
        FileNotFoundError: If the list or an image is missing.
    """
    report = LayoutReport()
    root = devkit / 'VOC2007'
    names = report.read_ids(root, f'ImageSets/Main/{split}.txt', f'unpack {split} of VOC2007 there')
    if names is None:
        raise FileNotFoundError('; '.join(report.problems))
    images = [root / f'JPEGImages/{name}.jpg' for name in names]
    absent = [image for image in images if not image.is_file()]
    if absent:
        raise FileNotFoundError(
            f'{len(absent):,} of {len(images):,} images of {split} are missing, the first: '
            f'{printable_path(absent[0])}'
        )
    return images
