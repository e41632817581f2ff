"""Make small scenes for detection and segmentation: digits on a dark, noisy ground."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

INK = 60  # gray level from which a pixel of a digit counts as the object


@dataclass(frozen=True)
class Thing:
    """A digit in a scene.

    Attributes:
        label (int): Index of its class, below the number of classes.
        box (tuple[int, int, int, int]): Left, top, right and bottom edge in pixels; the last two
            are just outside.
        mask (np.ndarray): (H, W) bool, its pixels in the scene.
    """

    label: int
    box: tuple[int, int, int, int]
    mask: np.ndarray


def make_scenes(
    digits: Path,
    split: str,
    count: int,
    classes: int = 3,
    size: tuple[int, int] = (128, 96),
    side: tuple[int, int] = (32, 48),
    things: int = 2,
    seed: int = 0,
) -> Iterator[tuple[np.ndarray, list[Thing]]]:
    """Generate scenes of digits, the same for the same arguments.

    Args:
        digits: Folder of ``npid_mm.datasets.write_digits``.
        split: 'train' or 'val': which of its digits are pasted.
        count: Number of scenes.
        classes: The digits 0 to ``classes`` - 1 occur.
        size: Width and height of a scene.
        side: Smallest and largest side of a digit in pixels.
        things: Digits in each scene; they do not overlap.
        seed: Seed of the places.

    Yields:
        The image (H, W, 3) in uint8, and its digits.
    """
    rng = np.random.default_rng([seed, split == 'val'])
    files = [sorted((digits / split / str(label)).glob('*.png')) for label in range(classes)]
    width, height = size
    for _ in range(count):
        image = rng.integers(0, 40, (height, width, 3), dtype=np.uint8)
        found, taken = [], np.zeros((height, width), bool)
        while len(found) < things:
            label, length = int(rng.integers(classes)), int(rng.integers(side[0], side[1] + 1))
            left, top = int(rng.integers(width - length)), int(rng.integers(height - length))
            window = np.s_[top : top + length, left : left + length]
            if taken[window].any():
                continue
            taken[window] = True
            path = files[label][rng.integers(len(files[label]))]
            ink = np.asarray(Image.open(path).convert('L').resize((length, length)))
            image[window] = np.maximum(image[window], ink[..., None])
            mask = np.zeros((height, width), bool)
            mask[window] = ink >= INK
            rows, columns = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
            box = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
            found.append(Thing(label, tuple(int(edge) for edge in box), mask))
        yield image, found
