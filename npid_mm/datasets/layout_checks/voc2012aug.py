"""Whether Pascal VOC 2012 for segmentation and its additional annotations fit together."""

from pathlib import Path

from .report import LayoutReport, Watch, at_least_one, unwatched

# split -> folder of its masks, published number of images
SPLITS = {
    'train': ('SegmentationClass', 1464),
    'aug': ('SegmentationClassAug', 9118),
    'val': ('SegmentationClass', 1449),
}
CONVERTER = "MMSegmentation's voc_aug.py writes it and the masks, see docs/segmentation.md"


def check_voc2012aug(
    root: str | Path, sample: int | None = 1000, watch: Watch = unwatched
) -> LayoutReport:
    """Check the lists of train, aug and val, their images and their masks.

    Args:
        root (str | Path): The folder VOC2012.
        sample (int, optional): Listed files to look for on disk, drawn from the images and from the
            masks of each split with a fixed seed. None looks for all.
        watch (Watch): Shows progress.

    Returns:
        LayoutReport: Problems, notices and counts.

    Raises:
        ValueError: ``sample`` is below 1.
    """
    at_least_one('sample', sample)
    root, report, ids = Path(root), LayoutReport(), {}
    for inner in ('VOC2012', 'VOCdevkit/VOC2012'):
        if (root / inner).is_dir():
            report.problems.append(f'{root} has {inner}/ inside: name that folder, {root / inner}')
            return report
    for split, (masks, expected) in SPLITS.items():
        name = f'ImageSets/Segmentation/{split}.txt'
        if not (root / name).is_file():
            advice = f': {CONVERTER}' if split == 'aug' else ''
            report.problems.append(f'{name} is missing in {root}{advice}')
            continue
        images = (root / name).read_text().split()
        if not images:
            report.problems.append(f'{name} in {root} is empty')
            continue
        ids[split] = set(images)
        report.counts[split] = len(images)
        report.note_count(name, len(images), 'VOC2012', expected)
        report.look_for(root, [f'JPEGImages/{each}.jpg' for each in images], name, sample, watch)
        report.look_for(root, [f'{masks}/{each}.png' for each in images], name, sample, watch)
    for split in ('train', 'aug'):
        report.note_overlap((split, ids.get(split, set())), ('val', ids.get('val', set())))
    return report
