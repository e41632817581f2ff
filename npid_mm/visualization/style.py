"""Colors, sizes and captions that all pictures share."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

ImageSource = str | Path | np.ndarray  # a file, or an RGB array (H, W, 3) of uint8

INK, FADED, PAPER, PAD = '#1a1a1a', '#6b6b6b', '#ffffff', '#ececec'
RIGHT, WRONG = '#1b8a3a', '#c8202f'

# pixels
MARGIN = 16
MIN_WIDTH = 580  # fits the title above few columns
GAP = 10
TITLE_SIZE, TEXT_SIZE = 15, 12
LINE = 16  # height of a line of captions
MIN_CELL = 32


def column_left(column: int, cell: int) -> int:
    """Left edge of a column of cells; the first column stands apart from the others."""
    return MARGIN + column * (cell + GAP) + (2 * GAP if column else 0)


def class_name(label: int | None, class_names: Sequence[str] | None = None) -> str:
    """Name of a class, its number if the classes have no names, '' if it is unknown."""
    if label is None:
        return ''
    return str(label if class_names is None else class_names[label])


def shorten(name: str, length: int) -> str:
    """``name``, cut to ``length`` characters."""
    return name if len(name) <= length else name[: length - 3] + '...'
