"""Write scikit-learn's handwritten digits as image files: a small real data set."""

from os import PathLike
from pathlib import Path

from PIL import Image

from npid_mm.utils.atomic_io import atomic_folder

SIZE = 32
HELD_OUT = 5  # every fifth image of a class goes to val


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
    """
    root = Path(root)
    if root.exists():
        if (root / 'train').is_dir() and (root / 'val').is_dir():
            return root
        raise FileExistsError(
            f'root must be a new folder or one with train/ and val/ inside, got '
            f'{root}: remove it or choose another one'
        )
    try:
        with atomic_folder(root) as unfinished:
            _write_images(unfinished)
    except OSError:
        if not (root / 'train').is_dir():  # otherwise another process was faster
            raise
    return root


def _write_images(folder: Path) -> None:
    from sklearn.datasets import load_digits  # slow to import

    digits = load_digits()
    count = [0] * len(digits.target_names)
    for pixels, label in zip(digits.images, digits.target, strict=True):
        count[label] += 1
        split = 'val' if count[label] % HELD_OUT == 0 else 'train'
        path = folder / split / str(label) / f'{count[label]:04d}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray((pixels * 255 / 16).round().astype('uint8'))
        image.resize((SIZE, SIZE), Image.Resampling.BICUBIC).save(path)
