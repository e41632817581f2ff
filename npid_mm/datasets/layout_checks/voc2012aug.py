"""Check that Pascal VOC 2012 for segmentation and its additional annotations fit together."""

from pathlib import Path

from .base import LayoutCheck, LayoutReport, register_check

# split -> folder of its masks, published number of images
SPLITS = {
    'train': ('SegmentationClass', 1464),
    'aug': ('SegmentationClassAug', 9118),
    'val': ('SegmentationClass', 1449),
}
CONVERTER = "MMSegmentation's voc_aug.py writes it and the masks, see docs/segmentation.md"


@register_check('voc2012aug')
class VOC2012AugCheck(LayoutCheck):
    """Check of the lists of train, aug and val, their images and their masks."""

    folder = 'VOCdevkit/VOC2012'

    def check(self, root: Path, report: LayoutReport) -> None:
        """See :meth:`LayoutCheck.check`."""
        if report.is_parent(root, 'VOC2012', 'VOCdevkit/VOC2012'):
            return
        ids = {}
        for split, (masks, expected) in SPLITS.items():
            name = f'ImageSets/Segmentation/{split}.txt'
            images = report.read_ids(root, name, CONVERTER if split == 'aug' else '')
            if images is None:
                continue
            ids[split] = set(images)
            report.count(split, len(images), name, 'VOC2012', expected)
            for folder, ending in (('JPEGImages', 'jpg'), (masks, 'png')):
                self.look_for(report, root, [f'{folder}/{each}.{ending}' for each in images], name)
        for split in ('train', 'aug'):
            report.check_disjoint(ids, split, 'val')
