"""Decode images of 8 bits per channel."""

import io
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from ..header import FORMATS
from ..image_types import Header, UnreadableImageError

COLOR = 1  # cv2.IMREAD_COLOR


def open_cv() -> Any:
    """Import OpenCV, which reduces JPEGs and reads colors of 16 bits."""
    try:
        import cv2
    except ImportError as error:
        raise UnreadableImageError(
            'the image needs OpenCV, which is not installed: pip install opencv-python-headless'
        ) from error
    return cv2


def decode_plain(
    content: bytes, header: Header, background: Sequence[int], flags: int = COLOR
) -> np.ndarray:
    """Decode an image of 8 bits to (H, W, 3) of uint8, BGR, without its orientation.

    Args:
        content (bytes): The file.
        header (Header): Its header.
        background (Sequence[int]): Red, green and blue below transparent parts.
        flags (int): OpenCV's flags.

    Raises:
        UnreadableImageError: If it is a damaged JPEG.
    """
    cv2 = sys.modules.get('cv2')  # importing it takes longer than a search
    if header.opencv and (cv2 or flags != COLOR):
        cv2 = cv2 or open_cv()
        buffer = np.frombuffer(content, np.uint8)
        pixels = cv2.imdecode(buffer, flags | cv2.IMREAD_IGNORE_ORIENTATION)
        if pixels is not None:
            return pixels
        if header.is_jpeg:  # Pillow cannot read it either
            raise UnreadableImageError('the image is damaged, or an unsupported JPEG variant')
    with Image.open(io.BytesIO(content), formats=FORMATS) as image:
        if header.transparent:
            canvas = Image.new('RGB', image.size, tuple(background))
            transparent = image.convert('RGBA')
            canvas.paste(transparent, mask=transparent)
        else:
            canvas = image.convert('RGB')
        return np.asarray(canvas)[..., ::-1]
