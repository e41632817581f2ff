"""The reader that decodes image files to 8-bit color."""

import io
import mmap
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from numbers import Real
from os import PathLike
from typing import Any

import numpy as np
from PIL import Image

from .header import (
    DEEP_MODES,
    FORMATS,
    MAX_PIXELS,
    Header,
    UnreadableImageError,
    read_header,
    upright,
)

WHITE = (255, 255, 255)
ROWS = 256  # rows converted at a time
COLOR = 1  # cv2.IMREAD_COLOR


class ImageReader:
    """Decode image files to (H, W, 3) uint8, or explain in plain words why that is impossible.

    Ordinary images (8 bits, opaque) get the pixels of ``mmcv.imread``: OpenCV decodes them, or
    Pillow, to the same pixels, in a process that has not imported OpenCV. EXIF's
    orientation is applied. Transparent images, including palettes, are pasted on ``background``. Of
    animations and files of several pages, the first image is used.

    A truncated file is unreadable, as in Pillow: e.g. a JPEG without its end marker, even if a
    decoder could fill the rest with gray. Damage inside a complete JPEG is not noticed.

    Args:
        background (Sequence[int]): Color under transparent parts: red, green, blue in 0..255.
        max_pixels (int): Height times width of the largest image to decode. Bounds the memory: 3
            bytes per pixel, about 10 for transparent images.
        value_range (Sequence[float], optional): (low, high), the values that become 0 and 255 in
            images of more than 8 bits per channel. Without it these are refused: a 12-bit
            photograph in a 16-bit file would keep 16 of its 4,096 levels.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self,
        background: Sequence[int] = WHITE,
        max_pixels: int = MAX_PIXELS,
        value_range: Sequence[float] | None = None,
    ):
        if not _numbers(background, 3) or not all(0 <= value <= 255 for value in background):
            raise ValueError(
                f'background must be red, green and blue in 0..255, got {background!r}'
            )
        if not isinstance(max_pixels, int) or not 1 <= max_pixels <= MAX_PIXELS:
            raise ValueError(f'max_pixels must be in 1..{MAX_PIXELS}, got {max_pixels!r}')
        if value_range is not None and not (
            _numbers(value_range, 2) and np.isfinite(value_range).all() and np.ptp(value_range) > 0
        ):
            raise ValueError(
                'value_range must be two different numbers, (low, high), such as (0, 4095), got '
                f'{value_range!r}'
            )
        self.background = tuple(int(value) for value in background)
        self.max_pixels = max_pixels
        self.value_range = value_range and tuple(float(value) for value in value_range)

    def header(self, content: bytes) -> Header:
        """Read the header of a file's content.

        Raises:
            UnreadableImageError: If the image is refused.
        """
        return self._allowed(read_header(io.BytesIO(content), content, self.max_pixels))

    def check(self, path: str | PathLike) -> None:
        """Check the header and the end of a file, without decoding it.

        Raises:
            UnreadableImageError: If the image is refused.
            OSError: If the file cannot be opened.
        """
        check_regular(path)
        with open(path, 'rb') as file:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                self._allowed(read_header(file, content, self.max_pixels))

    def decode(
        self, content: bytes, header: Header | None = None, flags: int = COLOR
    ) -> np.ndarray:
        """Decode an image.

        Args:
            content (bytes): The file.
            header (Header, optional): Result of :meth:`header`, if it is known.
            flags (int): OpenCV's flags, e.g. for a reduced resolution of a JPEG.

        Returns:
            ndarray: (H, W, 3) of uint8, BGR.

        Raises:
            UnreadableImageError: If the image is refused or damaged.
        """
        header = header or self.header(content)
        try:
            pixels = self._decode(content, header, flags)
        except UnreadableImageError:
            raise
        except Exception as error:  # a decoder may raise anything
            raise UnreadableImageError(f'the image is damaged: {error}') from error
        return np.ascontiguousarray(upright(pixels, header.orientation))

    def read(self, path: str | PathLike) -> np.ndarray:
        """Decode a file to (H, W, 3) of uint8, RGB.

        Raises:
            UnreadableImageError: If the image is refused or damaged.
            OSError: If the file cannot be opened.
        """
        check_regular(path)
        with open(path, 'rb') as file:
            return self.decode(file.read())[..., ::-1]

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(background={self.background}, max_pixels={self.max_pixels}, '
            f'value_range={self.value_range})'
        )

    def _allowed(self, header: Header) -> Header:
        """Return the header if the image's depth is allowed, or raise."""
        if header.depth and self.value_range is None:
            raise UnreadableImageError(
                f'the image has {header.depth}, and reading it would keep only 8 bits: convert it '
                'to 8 bits, or set value_range, e.g. (0, 4095), to the values of black and white'
            )
        return header

    def _decode(self, content: bytes, header: Header, flags: int) -> np.ndarray:
        """Decode an image (H, W, 3) without its orientation, BGR."""
        if header.depth and self.value_range:
            return self._scaled(content, *self.value_range)
        cv2 = sys.modules.get('cv2')  # importing it takes longer than a search
        if header.opencv and (cv2 or flags != COLOR):
            cv2 = cv2 or _opencv()
            buffer = np.frombuffer(content, np.uint8)
            pixels = cv2.imdecode(buffer, flags | cv2.IMREAD_IGNORE_ORIENTATION)
            if pixels is not None:
                return pixels
            if header.is_jpeg:  # Pillow cannot read it either
                raise UnreadableImageError('the image is damaged, or an unsupported JPEG variant')
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if header.transparent:
                canvas = Image.new('RGB', image.size, self.background)
                transparent = image.convert('RGBA')
                canvas.paste(transparent, mask=transparent)
            else:
                canvas = image.convert('RGB')
            return np.asarray(canvas)[..., ::-1]

    def _scaled(self, content: bytes, low: float, high: float) -> np.ndarray:
        """Decode an image of more than 8 bits and map low..high to 0..255."""
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if image.format == 'PPM':  # Pillow scales the values, OpenCV swaps their bytes
                raise UnreadableImageError(
                    'the image is a PNM of more than 8 bits: convert it to PNG or TIFF'
                )
            values: Any = np.asarray(image) if image.mode in DEEP_MODES else None
        if values is None:
            cv2 = _opencv()
            buffer = np.frombuffer(content, np.uint8)
            values = cv2.imdecode(buffer, cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
        if values is None:
            raise UnreadableImageError('the image is damaged')
        pixels = np.empty((*values.shape[:2], 3), np.uint8)
        for start in range(0, len(values), ROWS):  # floats take four times the memory
            pixels[start : start + ROWS] = self._to_8_bits(values[start : start + ROWS], low, high)
        return pixels

    def _to_8_bits(self, values: np.ndarray, low: float, high: float) -> np.ndarray:
        """Map values (H, W), (H, W, 3) or, with alpha, (H, W, 4) to (H, W, 1 or 3) in 0..255."""
        colors = values[..., :3] if values.ndim == 3 else values[..., None]
        scaled = (colors.astype(np.float32) - low) * (255 / (high - low))
        scaled = np.nan_to_num(scaled, nan=0.0).clip(0, 255)
        if values.ndim == 3 and values.shape[2] == 4:
            alpha = values[..., 3:].astype(np.float32) / np.iinfo(values.dtype).max
            scaled = alpha * scaled + (1 - alpha) * np.array(self.background[::-1], np.float32)
        return scaled.round()


def _opencv() -> Any:
    """Import OpenCV, which reduces JPEGs and reads colors of 16 bits."""
    try:
        import cv2
    except ImportError as error:
        raise UnreadableImageError(
            'the image needs OpenCV, which is not installed: pip install opencv-python-headless'
        ) from error
    return cv2


@contextmanager
def errors_with_path(path: str | PathLike) -> Iterator[None]:
    """Add the path of a file to the message of an :class:`UnreadableImageError`."""
    try:
        yield
    except UnreadableImageError as error:
        raise UnreadableImageError(error.reason, path) from error


def check_regular(path: str | PathLike) -> None:
    """Refuse a path that may block when read: a folder, device, pipe or empty file.

    Files in /proc may block, and their size is 0. A missing file passes.

    Raises:
        UnreadableImageError: If the path is one of these.
    """
    try:
        status = os.stat(path)
    except OSError:
        return
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableImageError('it is not a regular file')
    if not status.st_size:
        raise UnreadableImageError('the file is empty')


def plain_reason(error: Exception) -> str:
    """Explain in one line, without the path, why an image cannot be read."""
    reason = getattr(error, 'reason', None) or getattr(error, 'strerror', None) or error
    return (str(reason) or type(error).__name__).splitlines()[0]


def _numbers(values: object, count: int) -> bool:
    return (
        isinstance(values, Sequence)
        and len(values) == count
        and all(isinstance(value, Real) for value in values)
    )
