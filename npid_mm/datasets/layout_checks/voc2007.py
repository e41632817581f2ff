"""Whether the lists and the images of Pascal VOC 2007 fit together."""

from pathlib import Path

from mmpretrain.datasets.categories import VOC2007_CATEGORIES

from npid_mm.datasets.voc2007 import VOC2007_COUNTS, read_voc2007

from .report import LayoutReport, Watch, at_least_one, unwatched


def check_voc2007(
    root: str | Path, sample: int | None = 1000, watch: Watch = unwatched
) -> LayoutReport:
    """Check ``root/ImageSets/Main`` of trainval and test, and ``root/JPEGImages``.

    Args:
        root (str | Path): The folder VOC2007.
        sample (int, optional): Listed files to look for on disk, drawn from each split with a fixed
            seed. None looks for all.
        watch (Watch): Shows progress.

    Returns:
        LayoutReport: Problems, notices and counts.

    Raises:
        ValueError: ``sample`` is below 1.
    """
    at_least_one('sample', sample)
    root, report = Path(root), LayoutReport()
    for inner in ('VOC2007', 'VOCdevkit/VOC2007'):
        if (root / inner).is_dir():
            report.problems.append(f'{root} has {inner}/ inside: name that folder, {root / inner}')
            return report
    ids = {}
    for split, expected in VOC2007_COUNTS.items():
        try:
            images, labels = read_voc2007(root, split)
        except (FileNotFoundError, ValueError) as error:
            report.problems.append(str(error))
            continue
        ids[split] = set(images)
        report.counts[split] = len(images)
        name = f'ImageSets/Main/{split}.txt'
        report.note_count(name, len(images), 'VOC2007', expected)
        for label, positives in zip(VOC2007_CATEGORIES, (labels == 1).sum(0), strict=True):
            if not positives:
                report.problems.append(f'no image of {split} shows a {label} that is not difficult')
        files = [f'JPEGImages/{image}.jpg' for image in images]
        report.look_for(root, files, name, sample, watch)
    splits = [(split, ids.get(split, set())) for split in VOC2007_COUNTS]
    report.note_overlap(*splits)
    return report
