"""Whether the JSON files and the images of iNaturalist 2018 fit together."""

from pathlib import Path

from npid_mm.datasets.inaturalist2018 import read_inaturalist

from .report import LayoutReport, Watch, at_least_one, unwatched

CLASSES = 8142
COUNTS = {'train': 437_513, 'val': 24_426}


def check_inaturalist2018(
    root: str | Path, sample: int | None = 1000, watch: Watch = unwatched
) -> LayoutReport:
    """Check ``root/{train,val}2018.json`` and the images below ``root``.

    Args:
        root (str | Path): The data set.
        sample (int, optional): Listed files to look for on disk, drawn from each file with a fixed
            seed. None looks for all.
        watch (Watch): Shows progress.

    Returns:
        LayoutReport: Problems, notices and counts.

    Raises:
        ValueError: ``sample`` is below 1.
    """
    at_least_one('sample', sample)
    root, report, read = Path(root), LayoutReport(), {}
    for split, expected in COUNTS.items():
        name = f'{split}2018.json'
        try:
            entries, classes = read_inaturalist(root / name)
        except (FileNotFoundError, ValueError) as error:
            report.problems.append(str(error))
            continue
        read[name] = classes
        report.counts[split] = len(entries)
        report.note_count(name, len(entries), 'iNaturalist 2018', expected)
        if len(classes) != CLASSES:
            report.notices.append(
                f'{name} has {len(classes):,} categories, iNaturalist 2018 has {CLASSES:,}'
            )
        absent = set(range(len(classes))) - {label for _, label in entries}
        if absent:
            report.problems.append(
                f'{name}: no image of {len(absent)} of {len(classes)} categories, the first: '
                f'{min(absent)}'
            )
        report.look_for(root, [path for path, _ in entries], name, sample, watch)
    if len(read) == 2 and len(set(map(tuple, read.values()))) == 2:
        report.problems.append(
            f'{" and ".join(read)} number their categories differently: take both from the same '
            'release'
        )
    return report
