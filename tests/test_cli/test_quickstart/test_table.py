"""Closing table of a quickstart."""

import math
from io import StringIO

from rich.console import Console

from npid_mm.cli.quickstart.table import accuracy_table


def wilson(share, count):
    """Solve (share - p)^2 = z^2 p (1 - p) / count for p, in percent."""
    z2 = 1.959964**2 / count
    root = math.sqrt(z2 * share * (1 - share) + z2**2 / 4)
    return [100 * (share + z2 / 2 + sign * root) / (1 + z2) for sign in (-1, 1)]


def test_each_figure_has_its_interval():
    figures = {'kNN, raw pixels': 0.4, 'linear probe, NPID': 1.0}
    console = Console(file=StringIO(), width=100)
    console.print(accuracy_table(figures, 355, left_out=2))
    text = ' '.join(console.file.getvalue().split())
    low, high = wilson(0.4, 355)
    assert f'40.00 % │ {low:.1f} to {high:.1f} %' in text
    low, high = wilson(1.0, 355)
    assert high == 100 and f'100.00 % │ {low:.1f} to 100.0 %' in text
    assert 'interval of Wilson for 355 images' in text and 'left out: 2' in text
