"""Colors of a picture, for tests of what it shows."""

import numpy as np
from PIL import Image


def rgb(color):
    """The three values of '#rrggbb'."""
    return np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)])


def pixels_of(path):
    """Pixels (H, W, 3) of a picture, int."""
    with Image.open(path) as image:
        return np.asarray(image.convert('RGB')).astype(int)


def near(pixels, color, tolerance=8):
    """Mask (H, W) of the pixels that have about this color."""
    return abs(pixels - (rgb(color) if isinstance(color, str) else color)).max(-1) < tolerance


def share(pixels, color):
    """Share of the pixels that have about this color."""
    return near(pixels, color).mean()
