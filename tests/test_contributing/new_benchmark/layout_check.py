"""Check that the digits are in class folders."""

from pathlib import Path

from .base import LayoutCheck, LayoutReport, register_check


@register_check('toy')
class ToyCheck(LayoutCheck):
    """Check of ``root/{train,val}/CLASS/*.png``."""

    folder = 'toy'

    def check(self, root: Path, report: LayoutReport) -> None:
        """See :meth:`LayoutCheck.check`."""
        for split, expected in dict(train=1442, val=355).items():
            images = list((root / split).glob('*/*.png'))
            if not images:
                report.problems.append(f'no images in {root / split}')
            report.count(split, len(images), split, 'the digits', expected)
