"""Read the header of an image file, and refuse bad files before they are decoded."""

import mmap
import warnings
from contextlib import suppress
from importlib import import_module
from os import PathLike
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from .decoders.arrays import NPY, is_tiff, npy_header, tiff_header
from .files import check_regular
from .image_types import Header, UnreadableImageError

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
HEIF = (b'heic', b'heix', b'heif', b'mif1', b'msf1', b'hevc')  # brands after b'ftyp'
PLAIN_CHANNELS = 3  # up to which max_pixels counts pixels; further channels count too
EXTRA_SAMPLES, UNSPECIFIED = 338, 0  # a TIFF tag, and its value for no alpha
ALPHA_MODES = ('RGBA', 'RGBa', 'LA', 'La', 'PA')
# one-channel modes that NumPy reads in full depth
DEEP_MODES = {
    'I': '32-bit integers',
    'F': '32-bit floats',
    **{mode: '16-bit integers' for mode in ('I;16', 'I;16L', 'I;16B', 'I;16N')},
}
END_MARKERS = {'PNG': b'IEND', **{name: b'\xff\xd9' for name in JPEG}}


def read_header(file: BinaryIO, content: bytes | mmap.mmap, max_pixels: int) -> Header:
    """Read the header of an image file, and check that its end is there.

    Args:
        file (BinaryIO): The file, at its beginning.
        content (bytes | mmap): Its content. Only the end is read, in formats with an end marker.
        max_pixels (int): Largest height times width. An image of more than three channels counts
            by its values, three of which are a pixel.

    Raises:
        UnreadableImageError: If the file is empty, not an image, truncated or too large.
    """
    if not len(content):
        raise UnreadableImageError('the file is empty')
    kind = ''
    if content[: len(NPY)] == NPY:
        header = npy_header(file, content)
    else:
        header, kind = _picture_header(file, content)
    _check_size(header, max_pixels)
    marker = END_MARKERS.get(kind)
    start = _scan_start(content) if header.is_jpeg else 0
    if marker and content.rfind(marker, start) < 0:
        raise UnreadableImageError('the file is cut off: its end is missing')
    return header


def file_header(path: str | PathLike, max_pixels: int = MAX_PIXELS) -> Header:
    """Read the header of a file, see :func:`read_header`.

    Raises:
        UnreadableImageError: If the image is refused.
        OSError: If the file cannot be opened.
    """
    check_regular(path)
    with open(path, 'rb') as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return read_header(file, content, max_pixels)


def _check_size(header: Header, max_pixels: int) -> None:
    """Refuse an image of more pixels, or of more values than as many pixels of three channels."""
    pixels, size = header.height * header.width, f'{header.width} x {header.height}'
    if pixels > max_pixels:
        raise UnreadableImageError(
            f'the image has {size} = {pixels:,} pixels, and max_pixels allows {max_pixels:,}: '
            'scale it down, or raise max_pixels'
        )
    if pixels * header.channels > 3 * max_pixels:
        raise UnreadableImageError(
            f'the image has {size} pixels of {header.channels} channels, and max_pixels allows '
            f'{max_pixels:,} of three channels: scale it down, or raise max_pixels'
        )


def _picture_header(file: BinaryIO, content: bytes | mmap.mmap) -> tuple[Header, str]:
    """Header and format of a picture of Pillow, or of a TIFF that Pillow does not know."""
    if content[4:8] == b'ftyp' and content[8:12] in HEIF:
        _register_heif()
    try:
        with Image.open(file, formats=FORMATS) as image:
            if UNSPECIFIED not in _tags(image).get(EXTRA_SAMPLES, ()):
                return _header(image), image.format or ''
    except Image.DecompressionBombError:
        raise UnreadableImageError(
            f'the image has more than {MAX_PIXELS:,} pixels: scale it down'
        ) from None
    except UnidentifiedImageError:
        if not is_tiff(content):
            raise UnreadableImageError('the file is not an image of a known format') from None
    except Exception as error:  # a parser may raise anything
        raise UnreadableImageError(f'the header is damaged: {error}') from error
    return tiff_header(file), ''


def _register_heif() -> None:
    """Let Pillow read HEIF, if pillow_heif is installed."""
    if 'HEIF' in FORMATS:
        return
    try:
        import_module('pillow_heif').register_heif_opener()
    except ImportError as error:
        raise UnreadableImageError(
            "the file is HEIC, and reading it needs pillow-heif: pip install 'npid-mm[formats]'"
        ) from error
    FORMATS.append('HEIF')


def _tags(image: Image.Image) -> dict:
    """Tags of a TIFF, {} of another file."""
    return dict(getattr(image, 'tag_v2', {}))


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
    gray = image.mode in ('1', 'L', 'LA', 'La', *DEEP_MODES)
    several = False
    with suppress(Exception):  # of a damaged second frame
        several = bool(getattr(image, 'is_animated', False))
    return Header(
        height,
        width,
        channels=1 if gray else 3,
        is_jpeg=image.format in JPEG,
        orientation=orientation,
        transparent=transparent,
        depth=_depth(image),
        opencv=by_opencv and not transparent,
        several=several and image.format not in JPEG,
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
