"""Write scikit-learn's handwritten digits as image files: a small real data set."""

from collections.abc import Callable
from os import PathLike
from pathlib import Path

import numpy as np
from PIL import Image

from npid_mm.utils.atomic_io import atomic_folder

SIZE = 32
HELD_OUT = 5  # every fifth image of a class goes to val

CANVAS = 48  # pixels, height and width of an image with a scattered digit
DIGIT = 20  # pixels, height and width of a digit at scale 1
SCALES = (0.7, 1.5)
ANGLE = 30  # degrees, to either side


def write_digits(root: str | PathLike) -> Path:
    """Write scikit-learn's 1,797 digits as ``root/{train,val}/<class>/<nnnn>.png``.

    The 8 x 8 images with values 0..16 become 32 x 32 grayscale PNGs with values 0..255 (bicubic).
    Every fifth image of each class goes to ``val``; ``nnnn`` counts the images of a class. An
    existing folder is kept, and a new one appears only when it is complete.

    Args:
        root (str | PathLike): Folder to write.

    Returns:
        Path: ``root``.

    Raises:
        FileExistsError: If ``root`` exists without train/ and val/ inside.

    Example:
        >>> write_digits('data/digits')  # data/digits/train/0/0000.png
    """
    return _write(Path(root), _enlarged)


def write_scattered_digits(root: str | PathLike, seed: int = 0) -> Path:
    """Write the digits of :func:`write_digits`, each at a random place, scale and angle.

    A digit of 20 x 20 pixels is scaled by 0.7 to 1.5, rotated by up to 30 degrees to either side
    and pasted onto a black canvas of 48 x 48 pixels, inside of it. Names, split and an existing
    folder are treated as in :func:`write_digits`.

    Args:
        root (str | PathLike): Folder to write.
        seed (int): Seed of places, scales and angles.

    Returns:
        Path: ``root``.

    Raises:
        FileExistsError: If ``root`` exists without train/ and val/ inside.

    Example:
        >>> write_scattered_digits('data/scattered', seed=1)
    """
    generator = np.random.default_rng(seed)
    return _write(Path(root), lambda digit: _scattered(digit, generator))


def _write(root: Path, draw: Callable[[Image.Image], Image.Image]) -> Path:
    """Write the digits as ``draw`` makes them of 8 x 8 grayscale images."""
    if root.exists():
        if (root / 'train').is_dir() and (root / 'val').is_dir():
            return root
        raise FileExistsError(
            f'root must be a new folder or one with train/ and val/ inside, got '
            f'{root}: remove it or choose another one'
        )
    try:
        with atomic_folder(root) as unfinished:
            _write_images(unfinished, draw)
    except OSError:
        if not (root / 'train').is_dir():  # otherwise another process was faster
            raise
    return root


def _write_images(folder: Path, draw: Callable[[Image.Image], Image.Image]) -> None:
    from sklearn.datasets import load_digits  # slow to import

    digits = load_digits()
    count = [0] * len(digits.target_names)
    for pixels, label in zip(digits.images, digits.target, strict=True):
        count[label] += 1
        split = 'val' if count[label] % HELD_OUT == 0 else 'train'
        path = folder / split / str(label) / f'{count[label]:04d}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        draw(Image.fromarray((pixels * 255 / 16).round().astype('uint8'))).save(path)


def _enlarged(digit: Image.Image) -> Image.Image:
    return digit.resize((SIZE, SIZE), Image.Resampling.BICUBIC)


def _scattered(digit: Image.Image, generator: np.random.Generator) -> Image.Image:
    """Draw a digit somewhere on a black canvas."""
    side = DIGIT * generator.uniform(*SCALES)
    angle = np.deg2rad(generator.uniform(-ANGLE, ANGLE))
    cosine, sine = np.cos(angle), np.sin(angle)
    reach = side / 2 * (abs(cosine) + abs(sine))  # from the center to the outermost row
    x, y = generator.uniform(reach, CANVAS - reach, 2)
    # a black margin, so that bicubic interpolation fades to black
    margin = 2
    padded = Image.new('L', (digit.width + 2 * margin, digit.height + 2 * margin))
    padded.paste(digit, (margin, margin))
    # the inverse map, from the canvas to the padded digit
    a, b = cosine * digit.width / side, sine * digit.width / side
    center = padded.width / 2
    inverse = (a, b, center - a * x - b * y, -b, a, center + b * x - a * y)
    return padded.transform(
        (CANVAS, CANVAS), Image.Transform.AFFINE, inverse, Image.Resampling.BICUBIC
    )
