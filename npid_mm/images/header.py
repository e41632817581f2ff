"""Read the header of an image file, and refuse bad files before they are decoded."""

import mmap
import warnings
from os import PathLike
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.ImageFile import ImageFile

MAX_PIXELS = 178_956_970  # above which Pillow raises an error, unless a script switches that off
ORIENTATION = 0x0112  # the EXIF tag
TRANSPOSED = (5, 6, 7, 8)  # orientations that swap height and width
JPEG = ('JPEG', 'MPO')  # MPO, from phones, is a JPEG with more pictures appended
OPENCV = (*JPEG, 'PNG', 'BMP', 'TIFF', 'WEBP', 'PPM')  # formats that OpenCV decodes
# Pillow warns from half of MAX_PIXELS on
warnings.filterwarnings('ignore', category=Image.DecompressionBombWarning)
Image.init()
# not all of Pillow's formats: EPS, for one, is decoded by starting a program
FORMATS = [name for name in (*OPENCV, 'GIF', 'AVIF', 'JPEG2000') if name in Image.OPEN]
ALPHA_MODES = ('RGBA', 'RGBa', 'LA', 'La', 'PA')
# one-channel modes that NumPy reads in full depth
DEEP_MODES = {
    'I': '32-bit integers',
    'F': '32-bit floats',
    **{mode: '16-bit integers' for mode in ('I;16', 'I;16L', 'I;16B', 'I;16N')},
}
END_MARKERS = {'PNG': b'IEND', **{name: b'\xff\xd9' for name in JPEG}}


class UnreadableImageError(ValueError):
    """An image file that cannot be read.

    Args:
        reason (str): Why, in plain words and without the path.
        path (str | PathLike, optional): The file, for the message.
    """

    def __init__(self, reason: str, path: str | PathLike | None = None):
        super().__init__(reason if path is None else f'cannot read {path}: {reason}')
        self.reason = reason


class Header(NamedTuple):
    """Properties of an image that decide how it is decoded."""

    height: int  # after the orientation is applied
    width: int
    is_jpeg: bool
    orientation: int  # EXIF's, 1 to 8, which decoding applies
    transparent: bool
    depth: str  # kind of values with more than 8 bits per channel, else ''
    opencv: bool  # OpenCV decodes it correctly, apart from the orientation


def read_header(file: BinaryIO, content: bytes | mmap.mmap, max_pixels: int) -> Header:
    """Read the header of an image file, and check that its end is there.

    Args:
        file (BinaryIO): The file, at its beginning.
        content (bytes | mmap): Its content. Only the end is read, in formats with an end marker.
        max_pixels (int): Largest height times width.

    Raises:
        UnreadableImageError: If the file is empty, not an image, truncated or too large.
    """
    if not len(content):
        raise UnreadableImageError('the file is empty')
    try:
        with Image.open(file, formats=FORMATS) as image:
            header = _header(image)
            kind = image.format
    except Image.DecompressionBombError:
        raise UnreadableImageError(
            f'the image has more than {MAX_PIXELS:,} pixels: scale it down'
        ) from None
    except UnidentifiedImageError:
        raise UnreadableImageError('the file is not an image of a known format') from None
    except Exception as error:  # a parser may raise anything
        raise UnreadableImageError(f'the header is damaged: {error}') from error
    pixels = header.height * header.width
    if pixels > max_pixels:
        raise UnreadableImageError(
            f'the image has {header.width} x {header.height} = {pixels:,} pixels, and max_pixels '
            f'allows {max_pixels:,}: scale it down, or raise max_pixels'
        )
    marker = END_MARKERS.get(kind or '')
    start = _scan_start(content) if header.is_jpeg else 0
    if marker and content.rfind(marker, start) < 0:
        raise UnreadableImageError('the file is cut off: its end is missing')
    return header


def shorter_edge(path: str | PathLike) -> int | None:
    """Return height or width of an image file, whichever is less; None if it cannot be read."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            return min(image.size)
    except Exception:  # a parser may raise anything
        return None


def _header(image: ImageFile) -> Header:
    width, height = image.size
    tiff = image.format == 'TIFF'  # Pillow applies the orientation of TIFFs itself
    orientation = image.getexif().get(ORIENTATION, 1) if tiff or 'exif' in image.info else 1
    # for CMYK and YCbCr, OpenCV and Pillow round differently
    by_opencv = image.format in OPENCV and image.mode not in ('CMYK', 'YCbCr')
    by_opencv = by_opencv and not (tiff and orientation != 1)
    if tiff or orientation not in range(1, 9):
        orientation = 1
    if orientation in TRANSPOSED:
        width, height = height, width
    transparent = image.mode in ALPHA_MODES or 'transparency' in image.info
    return Header(
        height,
        width,
        is_jpeg=image.format in JPEG,
        orientation=orientation,
        transparent=transparent,
        depth=_depth(image),
        opencv=by_opencv and not transparent,
    )


def _depth(image: ImageFile) -> str:
    """Describe the pixel type if it has more than 8 bits per channel, else return ''.

    Pillow opens 16-bit colors as 8-bit colors; only its decoder's arguments show the depth.
    """
    if image.mode in DEEP_MODES:
        return DEEP_MODES[image.mode]
    if not image.tile or image.format not in ('PNG', 'TIFF', 'PPM'):
        return ''
    arguments: Any = image.tile[0].args
    raw, *more = (arguments,) if isinstance(arguments, str) else arguments
    if image.tile[0].codec_name.startswith('ppm'):  # the second argument is the largest value
        return '16-bit integers' if more and more[0] > 255 else ''
    return '16-bit integers' if str(raw).partition(';')[2].startswith('16') else ''


def _scan_start(content: bytes | mmap.mmap) -> int:
    """Find the offset of a JPEG's pixels, after the segments that may hold a thumbnail."""
    position = 2
    while position < len(content) - 3:
        if content[position] != 0xFF:
            position += 1
            continue
        marker = content[position + 1]
        if marker == 0xDA:  # start of scan
            return position
        if marker in (0x00, 0x01, 0xFF) or 0xD0 <= marker <= 0xD9:  # without a length
            position += 1
        else:
            position += 2 + int.from_bytes(content[position + 2 : position + 4], 'big')
    return len(content)


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Apply an EXIF orientation to pixels (H, W, 3)."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels
