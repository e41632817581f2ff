"""Check that the lists, boxes and images of a VOC devkit fit together, for detection."""

from dataclasses import dataclass
from pathlib import Path

from npid_mm.datasets.proposals import FOLDER

from .base import LayoutCheck, LayoutReport, register_check

# year, split -> published number of images
COUNTS = {(2007, 'trainval'): 5011, (2012, 'trainval'): 11_540, (2007, 'test'): 4952}


@register_check('voc0712')
@dataclass(frozen=True, kw_only=True)
class VOC0712Check(LayoutCheck):
    """Check of the lists of trainval and test in ``root/VOC<year>``, with images and annotations.

    Args:
        years (tuple[int, ...]): Those of 2007 and 2012 that are used for training.
        proposals (bool): Whether the images need files of proposals.
    """

    folder = 'VOCdevkit'

    years: tuple[int, ...] = (2007, 2012)
    proposals: bool = False

    def check(self, root: Path, report: LayoutReport) -> None:
        """See :meth:`LayoutCheck.check`."""
        if report.is_parent(root, 'VOCdevkit'):
            return
        if (root / 'ImageSets').is_dir():
            report.problems.append(
                f'{root} is the folder of one year: use the one above, {root.parent}'
            )
            return
        ids = {}
        for (year, split), expected in COUNTS.items():
            if year not in self.years:
                continue
            name = f'VOC{year}/ImageSets/Main/{split}.txt'
            images = report.read_ids(root, name, f'unpack {split} of VOC{year} there')
            if images is None:
                continue
            if year == 2007:
                ids[split] = set(images)
            report.count(f'{split} {year}', len(images), name, f'VOC{year}', expected)
            kinds = [('JPEGImages', 'jpg'), ('Annotations', 'xml')]
            if self.proposals:
                kinds.append((FOLDER, 'npy'))
            for kind, ending in kinds:
                files = [f'VOC{year}/{kind}/{image}.{ending}' for image in images]
                self.look_for(report, root, files, name)
        report.check_disjoint(ids, 'trainval', 'test')
