"""Check that the images of Cityscapes have their fine annotations."""

from pathlib import Path

from .base import LayoutCheck, LayoutReport, register_check

COUNTS = {'train': 2975, 'val': 500}
IMAGE, MASK = '_leftImg8bit.png', '_gtFine_labelTrainIds.png'


@register_check('cityscapes')
class CityscapesCheck(LayoutCheck):
    """Check that each image below ``root/leftImg8bit`` has its mask below ``root/gtFine``."""

    folder = 'cityscapes'

    def check(self, root: Path, report: LayoutReport) -> None:
        """See :meth:`LayoutCheck.check`."""
        for split, expected in COUNTS.items():
            name = f'leftImg8bit/{split}'
            folder, masks = root / name, root / 'gtFine' / split
            images = sorted(str(path.relative_to(folder)) for path in folder.glob(f'*/*{IMAGE}'))
            if not images:
                report.problems.append(
                    f'no images CITY/*{IMAGE} in {folder}: unpack leftImg8bit_trainvaltest.zip'
                )
                continue
            report.count(split, len(images), name, 'Cityscapes', expected)
            if not any(masks.glob(f'*/*{MASK}')):
                report.problems.append(
                    f'no masks CITY/*{MASK} in {masks}: unpack gtFine_trainvaltest.zip, then '
                    "MMSegmentation's cityscapes.py writes them, see docs/segmentation.md"
                )
                continue
            files = [image.removesuffix(IMAGE) + MASK for image in images]
            self.look_for(report, masks, files, name)
