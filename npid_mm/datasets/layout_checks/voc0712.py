"""Whether the lists, boxes and images of a VOC devkit fit together, for detection."""

from pathlib import Path

from .report import LayoutReport, Watch, at_least_one, unwatched

# year, split -> published number of images
COUNTS = {(2007, 'trainval'): 5011, (2012, 'trainval'): 11_540, (2007, 'test'): 4952}


def check_voc0712(
    root: str | Path,
    years: tuple[int, ...] = (2007, 2012),
    sample: int | None = 1000,
    watch: Watch = unwatched,
) -> LayoutReport:
    """Check the lists of trainval and test in ``root/VOC<year>``, their images and annotations.

    Args:
        root (str | Path): The folder VOCdevkit.
        years (tuple[int, ...]): Which of 2007 and 2012 are trained on.
        sample (int, optional): Listed files to look for on disk, drawn from the images and from the
            annotations of each list with a fixed seed. None looks for all.
        watch (Watch): Shows progress.

    Returns:
        LayoutReport: Problems, notices and counts.

    Raises:
        ValueError: ``sample`` is below 1.
    """
    at_least_one('sample', sample)
    root, report, ids = Path(root), LayoutReport(), {}
    wrong = _wrong_folder(root)
    if wrong:
        report.problems.append(wrong)
        return report
    for (year, split), expected in COUNTS.items():
        if year not in years:
            continue
        name = f'VOC{year}/ImageSets/Main/{split}.txt'
        if not (root / name).is_file():
            report.problems.append(
                f'list {name} is missing in {root}: unpack {split} of VOC{year} there'
            )
            continue
        images = (root / name).read_text().split()
        if not images:
            report.problems.append(f'list {name} in {root} is empty')
            continue
        ids[year, split] = set(images)
        report.counts[f'{split} {year}'] = len(images)
        report.note_count(name, len(images), f'VOC{year}', expected)
        for kind, ending in (('JPEGImages', 'jpg'), ('Annotations', 'xml')):
            files = [f'VOC{year}/{kind}/{image}.{ending}' for image in images]
            report.look_for(root, files, name, sample, watch)
    splits = ((split, ids.get((2007, split), set())) for split in ('trainval', 'test'))
    report.note_overlap(*splits)
    return report


def _wrong_folder(root: Path) -> str | None:
    """What is wrong with the folder itself: one above, or one below, the one that is meant."""
    if (root / 'VOCdevkit').is_dir():
        return f'{root} has VOCdevkit/ inside: name that folder, {root / "VOCdevkit"}'
    if (root / 'ImageSets').is_dir():
        return f'{root} is the folder of one year: name the one above, {root.parent}'
    return None
