"""Check that the JSON files and the images of iNaturalist 2018 fit together."""

from pathlib import Path

from npid_mm.datasets.inaturalist2018 import read_inaturalist

from .base import LayoutCheck, LayoutReport, register_check

TITLE, CLASSES = 'iNaturalist 2018', 8142
COUNTS = {'train': 437_513, 'val': 24_426}


@register_check('inaturalist2018')
class INaturalist2018Check(LayoutCheck):
    """Check of ``root/{train,val}2018.json`` and the images below ``root``."""

    folder = 'inaturalist2018'

    def check(self, root: Path, report: LayoutReport) -> None:
        """See :meth:`LayoutCheck.check`."""
        read = {}
        for split, expected in COUNTS.items():
            name = f'{split}2018.json'
            try:
                entries, classes = read_inaturalist(root / name)
            except (FileNotFoundError, ValueError) as error:
                report.problems.append(str(error))
                continue
            read[name] = classes
            report.count(split, len(entries), name, TITLE, expected)
            if len(classes) != CLASSES:
                report.notices.append(
                    f'{name} has {len(classes):,} categories, {TITLE} has {CLASSES:,}'
                )
            absent = set(range(len(classes))) - {label for _, label in entries}
            if absent:
                report.problems.append(
                    f'{name}: no image of {len(absent)} of {len(classes)} categories, the first: '
                    f'{min(absent)}'
                )
            self.look_for(report, root, [path for path, _ in entries], name)
        if len(read) == 2 and len(set(map(tuple, read.values()))) == 2:
            report.problems.append(
                f'{" and ".join(read)} number their categories differently: take both from the '
                'same release'
            )
