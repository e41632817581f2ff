"""Regions of the images of VOC that may show an object, proposed by selective search."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from npid_mm.extras import optional_module
from npid_mm.images import ImageReader
from npid_mm.utils.atomic_io import write_atomic

FOLDER = 'SelectiveSearch'  # beside JPEGImages
MIN_SIDE = 16  # pixels; smaller regions are left out


def proposal_path(image: Path) -> Path:
    """Return the file of the proposals of an image in ``JPEGImages``."""
    return image.parents[1] / FOLDER / f'{image.stem}.npy'


def read_proposals(path: Path) -> np.ndarray:
    """Read the proposals of an image.

    Args:
        path (Path): See :func:`proposal_path`.

    Returns:
        ndarray: (P, 4), x1, y1, x2, y2 in pixels, the best first.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If it does not hold an array (P, 4) of numbers.
    """
    try:
        boxes = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        devkit = path.parents[2]
        raise FileNotFoundError(
            f'{path} is missing: write the proposals with npid data proposals {devkit}'
        ) from None
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f'{path} is damaged ({error}): remove it and write it again') from error
    if boxes.ndim != 2 or boxes.shape[1] != 4 or boxes.dtype.kind not in 'iuf':
        raise ValueError(
            f'{path} must hold an array (P, 4) of numbers, got {boxes.shape} of {boxes.dtype}'
        )
    return boxes


def write_proposals(images: Sequence[Path], workers: int) -> Iterator[Path]:
    """Write the proposals of images in ``JPEGImages`` that have none yet.

    Args:
        images (Sequence[Path]): The images.
        workers (int): Processes that search.

    Yields:
        Path: Each written file.
    """
    missing = [image for image in images if not proposal_path(image).is_file()]
    if workers == 1:
        yield from map(_write, missing)
        return
    with get_context('spawn').Pool(workers) as pool:
        yield from pool.imap_unordered(_write, missing)


def selective_search(image: np.ndarray) -> np.ndarray:
    """Propose regions by selective search (Uijlings et al., IJCV 2013), in OpenCV's fast mode.

    Their order is in part random, as in the paper.

    Args:
        image (ndarray): (H, W, 3), uint8, BGR.

    Returns:
        ndarray: (P, 4) of uint16, x1, y1, x2, y2 in pixels, the best first. Sides are
        :data:`MIN_SIDE` at least.

    Raises:
        MissingExtraError: If OpenCV has no extra modules.
    """
    extra = optional_module('cv2.ximgproc', 'selective search')
    search = extra.segmentation.createSelectiveSearchSegmentation()
    search.setBaseImage(image)
    search.switchToSelectiveSearchFast()
    found = search.process()
    x, y, width, height = found[(found[:, 2] >= MIN_SIDE) & (found[:, 3] >= MIN_SIDE)].T
    return np.stack([x, y, x + width, y + height], axis=1).astype(np.uint16)


def _write(image: Path) -> Path:
    path, buffer = proposal_path(image), BytesIO()
    np.save(buffer, selective_search(ImageReader().read(image)))
    write_atomic(path, buffer.getvalue())
    return path
