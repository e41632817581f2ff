"""The reader that decodes image files, to 8-bit color or to their own values."""

import io
from collections.abc import Sequence
from numbers import Real
from os import PathLike

import numpy as np

from .decoders.arrays import decode_npy, decode_tiff
from .decoders.deep import composite, decode_deep, scale_to_8_bits, stretch
from .decoders.plain import COLOR, decode_plain
from .files import check_regular
from .header import MAX_PIXELS, Header, file_header, read_header, upright
from .image_types import UnreadableImageError

WHITE = (255, 255, 255)
MAX_CHANNELS = 1024
ARRAYS = {'npy': decode_npy, 'tiff': decode_tiff}


class ImageReader:
    """Decode image files, or explain in plain words why that is impossible.

    Ordinary images (8 bits, opaque) get the pixels of ``mmcv.imread``: OpenCV decodes them, or
    Pillow, to the same pixels, in a process that has not imported OpenCV. EXIF's orientation is
    applied. Transparent images are pasted on ``background``. Of several frames or pages, the first
    is used.

    With ``channels`` the reader gives the values of the files instead of 8-bit color: every channel
    of 16-bit and float images, of TIFFs and of ``.npy`` arrays (H, W) or (H, W, C).

    A truncated file is unreadable, as in Pillow: e.g. a JPEG without its end marker, even if a
    decoder could fill the rest with gray. Damage inside a complete JPEG is not noticed.

    Args:
        background (Sequence[int]): Color under transparent parts: red, green, blue in 0..255.
        max_pixels (int): Height times width of the largest image to decode. Bounds the memory: 3
            bytes per pixel, about 10 for transparent images, 12 and more with ``channels``.
        value_range (Sequence[float], optional): (low, high), the values of black and white. Without
            ``channels`` they become 0 and 255 in images of more than 8 bits per channel, which are
            refused otherwise: a 12-bit photograph in a 16-bit file would keep 16 of its 4,096
            levels. With ``channels`` it must be given, and replaces values that are not finite.
        channels (int, optional): Number of channels that every image must have, e.g. 1 for gray.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> ImageReader().read('cat.png').shape
        (6, 8, 3)
    """

    def __init__(
        self,
        background: Sequence[int] = WHITE,
        max_pixels: int = MAX_PIXELS,
        value_range: Sequence[float] | None = None,
        channels: int | None = None,
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
        if channels is not None:
            if type(channels) is not int or not 1 <= channels <= MAX_CHANNELS:
                raise ValueError(f'channels must be in 1..{MAX_CHANNELS}, got {channels!r}')
            if value_range is None:
                raise ValueError(
                    f'value_range must be given with channels={channels}: the values of black and '
                    'white, such as (0, 4095)'
                )
        self.background = tuple(int(value) for value in background)
        self.max_pixels = max_pixels
        self.value_range = value_range and tuple(float(value) for value in value_range)
        self.channels = channels

    def header(self, content: bytes) -> Header:
        """Read the header of a file's content.

        Raises:
            UnreadableImageError: If the image is refused.
        """
        return self._allowed(read_header(io.BytesIO(content), content, self.max_pixels))

    def check(self, path: str | PathLike) -> Header:
        """Check the header and the end of a file, without decoding it.

        Raises:
            UnreadableImageError: If the image is refused.
            OSError: If the file cannot be opened.
        """
        return self._allowed(file_header(path, self.max_pixels))

    def decode(
        self,
        content: bytes,
        header: Header | None = None,
        flags: int = COLOR,
        finite: bool = True,
    ) -> np.ndarray:
        """Decode an image.

        Args:
            content (bytes): The file.
            header (Header, optional): Result of :meth:`header`, if it is known.
            flags (int): OpenCV's flags, e.g. for a reduced resolution of a JPEG.
            finite (bool): With ``channels``, replace values that are not finite.

        Returns:
            ndarray: (H, W, 3) of uint8, BGR; with ``channels``, (H, W, C) of float32 in the order
            of the file, RGB for colors.

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
        if self.channels:
            pixels = self._finite(pixels) if finite else pixels.astype(np.float32)
        return np.ascontiguousarray(upright(pixels, header.orientation))

    def read(self, path: str | PathLike) -> np.ndarray:
        """Decode a file to (H, W, 3) of uint8, RGB; with ``channels``, as :meth:`decode` does.

        Raises:
            UnreadableImageError: If the image is refused or damaged.
            OSError: If the file cannot be opened.
        """
        pixels = self._decode_file(path)
        return pixels if self.channels else pixels[..., ::-1]

    def picture(self, path: str | PathLike) -> np.ndarray:
        """Decode a file to (H, W, 3) of uint8, RGB, to be looked at.

        Images that :meth:`decode` would refuse for their depth or channels, and all images with
        ``channels``, are mapped to 8 bits by :func:`~npid_mm.images.decoders.deep.stretch`.

        Raises:
            UnreadableImageError: If the image is damaged.
            OSError: If the file cannot be opened.
        """
        header, reader = file_header(path, self.max_pixels), self
        deep = header.depth and self.value_range is None
        if not self.channels and (deep or header.channels not in (1, 3)):
            reader = ImageReader(self.background, self.max_pixels, (0, 1), header.channels)
        return reader.to_picture(reader._decode_file(path))

    def to_picture(self, pixels: np.ndarray) -> np.ndarray:
        """Convert the result of :meth:`decode` to the (H, W, 3) of :meth:`picture`."""
        return stretch(pixels) if self.channels else pixels[..., ::-1]

    def from_array(self, array: np.ndarray) -> np.ndarray:
        """Return the values of an array as :meth:`decode` returns those of a file.

        It must be (H, W, 3) of uint8, BGR; with ``channels``, (H, W, C), or (H, W) for one channel,
        of any numbers.

        Raises:
            UnreadableImageError: If it is another array.
        """
        if not self.channels:
            if array.ndim == 3 and array.shape[2] == 3 and array.dtype == np.uint8:
                return array
            wanted = '(H, W, 3) of uint8'
        else:
            array = array[..., None] if array.ndim == 2 else array
            if array.ndim == 3 and array.shape[2] == self.channels and array.dtype.kind in 'uif':
                return self._finite(array)
            wanted = f'(H, W, {self.channels}) of numbers'
        raise UnreadableImageError(f'an array must be {wanted}, got {array.shape} of {array.dtype}')

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(background={self.background}, max_pixels={self.max_pixels}, '
            f'value_range={self.value_range}, channels={self.channels})'
        )

    def _decode_file(self, path: str | PathLike) -> np.ndarray:
        check_regular(path)
        with open(path, 'rb') as file:
            return self.decode(file.read())

    def _allowed(self, header: Header) -> Header:
        """Return the header if the image's depth and channels are allowed, or raise."""
        if self.channels not in (None, header.channels):
            raise UnreadableImageError(
                f'the image has {_count(header.channels)}, and this reader is for images of '
                f'{self.channels}'
            )
        if self.channels is None and header.channels not in (1, 3):
            raise UnreadableImageError(
                f'the image has {_count(header.channels)}, and reading it as color would lose '
                f'some: set channels={header.channels}'
            )
        if header.depth and self.value_range is None:
            raise UnreadableImageError(
                f'the image has {header.depth}, and reading it would keep only 8 bits: convert it '
                'to 8 bits, or set value_range, e.g. (0, 4095), to the values of black and white'
            )
        return header

    def _decode(self, content: bytes, header: Header, flags: int) -> np.ndarray:
        """Decode an image without its orientation."""
        if not header.depth and not header.source:
            pixels = decode_plain(content, header, self.background, flags)
            if not self.channels:
                return pixels
            return pixels[..., ::-1][..., : self.channels]
        values = ARRAYS[header.source](content) if header.source else decode_deep(content)
        low, high = self.value_range or (0, 255)
        if not self.channels:
            return scale_to_8_bits(values, low, high, self.background, bgr=not header.source)
        if not header.source:
            values = composite(values, low, high, self.background)[..., : self.channels]
        return values

    def _finite(self, values: np.ndarray) -> np.ndarray:
        """Convert values to float32, and replace those that are not finite."""
        low, high = self.value_range or (0, 255)
        values = values.astype(np.float32)
        return np.nan_to_num(values, copy=False, nan=low, posinf=high, neginf=low)


def _count(channels: int) -> str:
    return f'{channels} channel{"s"[: channels != 1]}'


def _numbers(values: object, count: int) -> bool:
    return (
        isinstance(values, Sequence)
        and len(values) == count
        and all(isinstance(value, Real) for value in values)
    )
