"""Closing table of a quickstart."""

from rich.table import Table
from scipy.stats import binomtest

from .embedding import K

MEANING = (
    'kNN: a held-out image gets the class of the training images that are nearest to it, by pixels '
    'or by features. The training of NPID has used no label.'
)


def accuracy_table(figures: dict[str, float], held_out: int, left_out: int) -> Table:
    """Return the table of the accuracies, with their intervals.

    Args:
        figures (dict[str, float]): Name -> share of the held-out images that are right.
        held_out (int): Held-out images.
        left_out (int): Images that could not be read.

    Returns:
        Table: A row per figure: its name, top-1 in percent, and the 95 % interval of Wilson.
    """
    caption = f'kNN: K = {K}, tau = 0.07; 95 % interval of Wilson for {held_out} images'
    caption += f'; unreadable images left out: {left_out}' if left_out else ''
    table = Table(title='Accuracy on the held-out images', caption=caption)
    table.add_column('what')
    table.add_column('top-1', justify='right')
    table.add_column('interval', justify='right')
    for name, value in figures.items():
        right = round(value * held_out)
        interval = binomtest(right, held_out).proportion_ci(method='wilson')
        table.add_row(
            name, f'{100 * value:.2f} %', f'{100 * interval.low:.1f} to {100 * interval.high:.1f} %'
        )
    return table
