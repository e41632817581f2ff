"""Whether the images and the fine annotations of Cityscapes fit together."""

from pathlib import Path

from .report import LayoutReport, Watch, at_least_one, unwatched

COUNTS = {'train': 2975, 'val': 500}
IMAGE, MASK = '_leftImg8bit.png', '_gtFine_labelTrainIds.png'


def check_cityscapes(
    root: str | Path, sample: int | None = 1000, watch: Watch = unwatched
) -> LayoutReport:
    """Check that each image below ``root/leftImg8bit`` has its mask below ``root/gtFine``.

    Args:
        root (str | Path): The data set.
        sample (int, optional): Masks of each split to look for, drawn with a fixed seed. None
            looks for all.
        watch (Watch): Shows progress.

    Returns:
        LayoutReport: Problems, notices and counts.

    Raises:
        ValueError: ``sample`` is below 1.
    """
    at_least_one('sample', sample)
    root, report = Path(root), LayoutReport()
    for split, expected in COUNTS.items():
        folder, masks = root / 'leftImg8bit' / split, root / 'gtFine' / split
        images = sorted(str(path.relative_to(folder)) for path in folder.glob(f'*/*{IMAGE}'))
        if not images:
            report.problems.append(
                f'no images CITY/*{IMAGE} in {folder}: unpack leftImg8bit_trainvaltest.zip'
            )
            continue
        report.counts[split] = len(images)
        report.note_count(f'leftImg8bit/{split}', len(images), 'Cityscapes', expected)
        if not any(masks.glob(f'*/*{MASK}')):
            report.problems.append(
                f'no masks CITY/*{MASK} in {masks}: unpack gtFine_trainvaltest.zip, then '
                "MMSegmentation's cityscapes.py writes them, see docs/segmentation.md"
            )
            continue
        names = [image.removesuffix(IMAGE) + MASK for image in images]
        report.look_for(masks, names, f'leftImg8bit/{split}', sample, watch)
    return report
