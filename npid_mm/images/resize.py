"""Resize images to the pixels of OpenCV's and Pillow's filters, without OpenCV."""

import numpy as np
from PIL import Image

PILLOW_FILTERS = {
    'nearest': Image.Resampling.NEAREST,
    'bilinear': Image.Resampling.BILINEAR,
    'bicubic': Image.Resampling.BICUBIC,
    'lanczos': Image.Resampling.LANCZOS,
    'box': Image.Resampling.BOX,
    'hamming': Image.Resampling.HAMMING,
}
BITS = 11  # of OpenCV's weights
ROWS = 64  # resized at a time, which bounds the memory


def resize_as_pillow(image: np.ndarray, width: int, height: int, kind: str) -> np.ndarray:
    """Resize with a filter of Pillow.

    Args:
        image (ndarray): (H, W, 3) of uint8, or (H, W, C) of float32.
        width (int): Columns of the result.
        height (int): Rows of the result.
        kind (str): Name of the filter, of :data:`PILLOW_FILTERS`.
    """
    size, chosen = (width, height), PILLOW_FILTERS[kind]
    if image.dtype == np.uint8:
        return np.asarray(Image.fromarray(image).resize(size, chosen))
    channels = [Image.fromarray(each).resize(size, chosen) for each in np.moveaxis(image, 2, 0)]
    return np.stack([np.asarray(each) for each in channels], axis=2)


def resize_as_opencv(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Resize to the pixels of ``cv2.resize`` with INTER_LINEAR.

    OpenCV interpolates 8-bit images in fixed point: weights of 11 bits, and 4 and 16 bits dropped
    on the way. At exactly half the size, it averages 2 x 2 pixels.

    Args:
        image (ndarray): (H, W, 3) of uint8.
        width (int): Columns of the result.
        height (int): Rows of the result.
    """
    if image.shape[:2] == (2 * height, 2 * width):
        quarters = [image[top::2, left::2].astype(np.int16) for top in (0, 1) for left in (0, 1)]
        return ((sum(quarters[1:], quarters[0]) + 2) >> 2).astype(np.uint8)
    left, right, *column_weights = _positions(image.shape[1], width)
    # at the upper and lower border, OpenCV interpolates between equal rows
    upper, lower, *row_weights = _positions(image.shape[0], height, keep_fraction=True)
    left_weight, right_weight = (each[:, None] for each in column_weights)
    out = np.empty((height, width, 3), np.uint8)
    for start in range(0, height, ROWS):
        part = slice(start, start + ROWS)
        total = np.zeros(out[part].shape, np.int32)
        for rows, weight in zip((upper, lower), row_weights, strict=True):
            source = image[rows[part]]
            mixed = source[:, left] * left_weight + source[:, right] * right_weight
            total += ((mixed >> 4) * weight[part, None, None]) >> 16
        out[part] = (total + 2) >> 2
    return out


def _positions(size: int, target: int, keep_fraction: bool = False) -> tuple[np.ndarray, ...]:
    """Neighbors of each target pixel among ``size`` pixels, and their weights."""
    scale = 1 / (target / size)  # rounded as in OpenCV
    place = ((np.arange(target) + 0.5) * scale - 0.5).astype(np.float32)
    first = np.floor(place).astype(np.int64)
    fraction = place - first.astype(np.float32)
    if not keep_fraction:
        fraction[(first < 0) | (first >= size - 1)] = 0
    weights = np.rint(np.stack([1 - fraction, fraction]) * np.float32(1 << BITS)).astype(np.int32)
    return first.clip(0, size - 1), (first + 1).clip(0, size - 1), *weights
