"""Comparison of the pixels of two images that may be copies."""

import cv2
import numpy as np

SIDE = 48  # pixels of the images that are compared
SCALES = (1.0, 0.95, 0.9, 0.85, 0.8)  # of an image that is searched in the other one
MIN_DEVIATION = 2.0  # of 255; an image below it has no pattern to compare


def pixel_similarity(first: np.ndarray, second: np.ndarray) -> float:
    """Largest correlation of two images over mirrorings, crops and positions.

    Both are reduced to 48 x 48 gray values. Each is searched in the other one, at 80 to 100 % of
    its size and mirrored or not, by normalized correlation: re-encoding, resizing, brightness and
    contrast hardly change the value, and a crop by up to 20 % of a side is found.

    Args:
        first (ndarray): (H, W, 3) or (H, W), uint8.
        second (ndarray): The same, of any size.

    Returns:
        float: From -1 to 1; above about 0.95 for copies, and 0 if an image is of one color.

    Raises:
        ValueError: If an argument is not an image of uint8.

    Example:
        >>> pixel_similarity(image, image[:, ::-1])  # the mirrored image
        1.0
    """
    return prepared_similarity(prepare(first), prepare(second))


def prepare(image: np.ndarray) -> np.ndarray:
    """Reduce an image to (48, 48) gray values of float32, for :func:`prepared_similarity`.

    Args:
        image (ndarray): (H, W, 3) or (H, W), uint8.

    Raises:
        ValueError: If it is not an image of uint8.
    """
    shape = image.shape
    if image.dtype != np.uint8 or not (len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)):
        raise ValueError(
            f'an image must be (H, W, 3) or (H, W) of uint8, got {shape} of {image.dtype}'
        )
    gray = image if image.ndim == 2 else image.mean(axis=2)
    # with INTER_AREA, which averages, an enlarged image stays as it is
    shrinks = min(shape[:2]) > SIDE
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(gray.astype(np.float32), (SIDE, SIDE), interpolation=how)


def prepared_similarity(first: np.ndarray, second: np.ndarray) -> float:
    """Compute :func:`pixel_similarity` of two images of :func:`prepare`."""
    if min(first.std(), second.std()) < MIN_DEVIATION:
        return 0.0
    best = -1.0
    for image, other in ((first, second), (second, first)):
        for scale in SCALES:
            side = round(scale * SIDE)
            part = cv2.resize(other, (side, side), interpolation=cv2.INTER_AREA)
            for candidate in (part, part[:, ::-1]):
                found = cv2.matchTemplate(
                    image, np.ascontiguousarray(candidate), cv2.TM_CCOEFF_NORMED
                )
                best = max(best, float(found.max()))
    return min(best, 1.0)
