"""Read .npy files, and TIFFs with kinds of channels that Pillow does not know."""

import io
import mmap
from importlib.util import find_spec
from math import prod
from typing import Any, BinaryIO

import numpy as np

from npid_mm.extras import MissingExtraError, optional_module

from ..image_types import Header, UnreadableImageError

NPY = b'\x93NUMPY'
TIFF = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')
KINDS = {'u': 'integers', 'i': 'integers', 'f': 'floats'}  # of NumPy's types
MAX_BYTES_PER_VALUE = 8
UNCOMPRESSED = 1  # the value of TIFF's tag
FIX = "pip install 'npid-mm[formats]'"


def is_tiff(content: bytes | mmap.mmap) -> bool:
    """Return whether a file begins like a TIFF."""
    return content[:4] in TIFF


def npy_header(file: BinaryIO, content: bytes | mmap.mmap) -> Header:
    """Read the header of an array (H, W) or (H, W, C) in NumPy's format.

    Raises:
        UnreadableImageError: If it has another shape or type, or is truncated.
    """
    shape, _, dtype = _npy_layout(file)
    depth = depth_name(dtype)
    if file.tell() + prod(shape) * dtype.itemsize > len(content):
        raise UnreadableImageError('the file is cut off: its end is missing')
    height, width, channels = _sides(shape)
    return Header(height, width, channels, depth=depth, source='npy')


def decode_npy(content: bytes) -> np.ndarray:
    """Decode an array (H, W, C). Nothing in the file is unpickled."""
    file = io.BytesIO(content)
    shape, fortran, dtype = _npy_layout(file)
    flat = np.frombuffer(content, dtype, prod(shape), file.tell())
    array = flat.reshape(shape, order='F' if fortran else 'C')
    return array.reshape(_sides(shape))


def tiff_header(file: BinaryIO) -> Header:
    """Read the header of the first page of a TIFF.

    Raises:
        UnreadableImageError: If its pixels have another type or shape, or a package is missing.
    """
    with _tiff(file) as tiff:
        page = tiff.pages.first
        if page.dtype is None or page.imagedepth != 1 or not page.samplesperpixel:
            raise UnreadableImageError('the TIFF has pixels of an unknown kind: convert it to .npy')
        if page.compression != UNCOMPRESSED and find_spec('imagecodecs') is None:
            # only imagecodecs limits the size of what it decompresses
            raise UnreadableImageError(
                f'the TIFF is compressed, and reading it needs imagecodecs: {FIX}'
            )
        shape = page.imagelength, page.imagewidth, page.samplesperpixel
        depth = depth_name(page.dtype)
        return Header(*shape, depth=depth, source='tiff', several=len(tiff.pages) > 1)


def decode_tiff(content: bytes) -> np.ndarray:
    """Decode the first page of a TIFF to (H, W, C)."""
    with _tiff(io.BytesIO(content)) as tiff:
        page = tiff.pages.first
        pixels = page.asarray(maxworkers=1)
        shape = page.imagelength, page.imagewidth, page.samplesperpixel
        planes = page.axes.startswith('S')  # stored one after the other
    return np.moveaxis(pixels, 0, -1) if planes else pixels.reshape(shape)


def depth_name(dtype: np.dtype) -> str:
    """Name a type of more than 8 bits, such as '16-bit integers'; '' for 8 bits.

    Raises:
        UnreadableImageError: If its values are not numbers.
    """
    if dtype.kind not in KINDS or dtype.itemsize > MAX_BYTES_PER_VALUE:
        raise UnreadableImageError(f'the values are of type {dtype.name}, not numbers')
    return '' if dtype == np.uint8 else f'{8 * dtype.itemsize}-bit {KINDS[dtype.kind]}'


def _npy_layout(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, order and type of an array in NumPy's format; the file is left at its values."""
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0
        if version != (1, 0):
            read = np.lib.format.read_array_header_2_0
        return read(file)
    except ValueError as error:
        reason = str(error).partition('\n')[0]
        raise UnreadableImageError(f'the header is damaged: {reason}') from error


def _sides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Height, width and channels of an array.

    Raises:
        UnreadableImageError: If it is not an image whose channels come last.
    """
    sides = (*shape, 1) if len(shape) == 2 else shape
    if len(sides) != 3 or not 1 <= sides[2] <= min(sides[:2]):
        raise UnreadableImageError(
            'an array must have the shape (height, width) or (height, width, channels), got '
            f'{shape}'
        )
    return sides


def _tiff(file: BinaryIO) -> Any:
    """Open a TIFF with tifffile.

    Raises:
        UnreadableImageError: If tifffile is missing, or cannot read the file.
    """
    try:
        tifffile = optional_module('tifffile', 'reading a TIFF of these channels')
    except MissingExtraError as error:
        raise UnreadableImageError(
            f'reading a TIFF of these channels needs tifffile: {FIX}'
        ) from error
    try:
        file.seek(0)
        return tifffile.TiffFile(file)
    except Exception as error:  # a parser may raise anything
        raise UnreadableImageError(f'the header is damaged: {error}') from error
