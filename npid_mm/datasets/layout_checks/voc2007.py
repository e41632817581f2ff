"""Check that the lists and the images of Pascal VOC 2007 fit together, for classification."""

from pathlib import Path

from mmpretrain.datasets.categories import VOC2007_CATEGORIES

from npid_mm.datasets.voc2007 import VOC2007_COUNTS, read_voc2007

from .base import LayoutCheck, LayoutReport, register_check


@register_check('voc2007')
class VOC2007Check(LayoutCheck):
    """Check of ``root/ImageSets/Main`` for trainval and test, and of ``root/JPEGImages``."""

    folder = 'VOCdevkit/VOC2007'

    def check(self, root: Path, report: LayoutReport) -> None:
        """See :meth:`LayoutCheck.check`."""
        if report.is_parent(root, 'VOC2007', 'VOCdevkit/VOC2007'):
            return
        ids = {}
        for split, expected in VOC2007_COUNTS.items():
            try:
                images, labels = read_voc2007(root, split)
            except (FileNotFoundError, ValueError) as error:
                report.problems.append(str(error))
                continue
            ids[split] = set(images)
            name = f'ImageSets/Main/{split}.txt'
            report.count(split, len(images), name, 'VOC2007', expected)
            for label, positives in zip(VOC2007_CATEGORIES, (labels == 1).sum(0), strict=True):
                if not positives:
                    report.problems.append(
                        f'no image of {split} shows a {label} that is not difficult'
                    )
            self.look_for(report, root, [f'JPEGImages/{image}.jpg' for image in images], name)
        report.check_disjoint(ids, *VOC2007_COUNTS)
