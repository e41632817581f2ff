"""Decode images of more than 8 bits per channel, and map their values to 8 bits."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from ..header import DEEP_MODES, FORMATS
from ..image_types import UnreadableImageError
from .plain import open_cv

ROWS = 256  # rows converted at a time
SHOWN = (1, 99)  # percentiles that a picture shows as black and white


def decode_deep(content: bytes) -> np.ndarray:
    """Decode an image of more than 8 bits to its values, (H, W), or BGR (H, W, 3) or (H, W, 4).

    Raises:
        UnreadableImageError: If it is damaged, or a PNM.
    """
    with Image.open(io.BytesIO(content), formats=FORMATS) as image:
        if image.format == 'PPM':  # Pillow scales the values, OpenCV swaps their bytes
            raise UnreadableImageError(
                'the image is a PNM of more than 8 bits: convert it to PNG or TIFF'
            )
        values: Any = np.asarray(image) if image.mode in DEEP_MODES else None
    if values is None:
        cv2 = open_cv()
        buffer = np.frombuffer(content, np.uint8)
        values = cv2.imdecode(buffer, cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
    if values is None:
        raise UnreadableImageError('the image is damaged')
    return values


def scale_to_8_bits(
    values: np.ndarray, low: float, high: float, background: Sequence[int], bgr: bool
) -> np.ndarray:
    """Map values (H, W), (H, W, 1 or 3) or, with alpha, BGR (H, W, 4) to (H, W, 3) of uint8, BGR.

    Args:
        values (ndarray): The image.
        low (float): Value that becomes 0.
        high (float): Value that becomes 255.
        background (Sequence[int]): Red, green and blue below transparent parts.
        bgr (bool): Whether the values are BGR, not RGB.
    """
    pixels = np.empty((*values.shape[:2], 3), np.uint8)
    for start in range(0, len(values), ROWS):  # floats take four times the memory
        colors, alpha = _split(values[start : start + ROWS])
        scaled = (colors.astype(np.float32) - low) * (255 / (high - low))
        scaled = np.nan_to_num(scaled, nan=0.0).clip(0, 255)
        if alpha is not None:
            scaled = alpha * scaled + (1 - alpha) * np.array(background[::-1], np.float32)
        pixels[start : start + ROWS] = scaled.round() if bgr else scaled.round()[..., ::-1]
    return pixels


def composite(values: np.ndarray, low: float, high: float, background: Sequence[int]) -> np.ndarray:
    """Paste values (H, W) or BGR (H, W, 3 or 4) on a background; return (H, W, 1 or 3), RGB.

    The background's 0 and 255 are the values ``low`` and ``high``.
    """
    colors, alpha = _split(values)
    if alpha is not None:
        below = low + np.array(background[::-1], np.float32) * ((high - low) / 255)
        colors = alpha * colors.astype(np.float32) + (1 - alpha) * below
    return colors[..., ::-1]


def stretch(values: np.ndarray) -> np.ndarray:
    """Map values (H, W, C) to (H, W, 3) of uint8 to look at: the first three channels, or one.

    Black and white are the 1st and the 99th percentile of the shown channels of this image.
    """
    shown = values[..., :3] if values.shape[2] >= 3 else values[..., :1]
    low, high = np.percentile(shown, SHOWN)
    scaled = (shown - low).clip(0, high - low) * (255 / (high - low) if high > low else 0)
    return np.broadcast_to(scaled.round(), (*values.shape[:2], 3)).astype(np.uint8)


def _split(values: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Split values into colors (H, W, 1 or 3) and opacity (H, W, 1) in 0..1, None if opaque."""
    if values.ndim == 2:
        return values[..., None], None
    if values.shape[2] != 4:
        return values, None
    return values[..., :3], values[..., 3:].astype(np.float32) / np.iinfo(values.dtype).max
