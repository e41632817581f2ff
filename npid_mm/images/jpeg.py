"""Decode only a crop of a JPEG with libjpeg-turbo.

No Python binding exposes libjpeg-turbo's cropping, so its C interface (TurboJPEG 3) is called
directly. The library is the system's, or that of the extra ``fast-jpeg``.
"""

import ctypes
import importlib.metadata
import threading
from ctypes.util import find_library
from functools import cache
from os import PathLike

import numpy as np

DECOMPRESS = 1  # TJINIT_DECOMPRESS
BGR = 1  # TJPF_BGR
SUBSAMPLING, WIDTH, HEIGHT = 4, 5, 6  # TJPARAM_*
# width in pixels of the blocks that a crop must start at, for each kind of subsampling
BLOCK_WIDTH = {0: 8, 1: 16, 2: 16, 3: 8, 4: 8, 5: 32, 6: 8}


class _Region(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int) for name in ('x', 'y', 'w', 'h')]


class _Factor(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int) for name in ('num', 'denom')]


# a decoder and a pixel buffer per thread; a new buffer per image would cost page faults
_thread = threading.local()


def decode_jpeg_crop(
    content: bytes, top: int, left: int, height: int, width: int, factor: int = 1
) -> np.ndarray | None:
    """Decode a crop of a JPEG at 1 / ``factor`` of its resolution.

    Args:
        content (bytes): The file.
        top (int): First row of the crop, in pixels of the reduced image.
        left (int): First column.
        height (int): Rows, clipped at the border of the image.
        width (int): Columns, clipped as well.
        factor (int): 1, 2, 4 or 8.

    Returns:
        ndarray | None: (height, width, 3) of uint8, BGR, without EXIF's orientation. The thread's
        next call overwrites it. None if libjpeg-turbo 3 is missing or cannot read the file.
    """
    library = _library()
    if library is None:
        return None
    handle = _handle(library)
    if library.tj3DecompressHeader(handle, content, len(content)):
        return None
    block = BLOCK_WIDTH.get(library.tj3Get(handle, SUBSAMPLING))
    if block is None:
        return None
    # a block of the full image has block / factor columns in the reduced one
    start = left - left % max(block // factor, 1)
    whole_width, whole_height = (
        -(-library.tj3Get(handle, side) // factor) for side in (WIDTH, HEIGHT)
    )
    height = min(height, whole_height - top)
    region = _Region(start, top, min(left + width, whole_width) - start, height)
    pixels = _scratch(3 * region.h * region.w).reshape(region.h, region.w, 3)
    failed = (
        library.tj3SetScalingFactor(handle, _Factor(1, factor))
        or library.tj3SetCroppingRegion(handle, region)
        or library.tj3Decompress8(handle, content, len(content), pixels.ctypes.data, 0, BGR)
    )
    return None if failed else pixels[:, left - start :]


def decodes_crops() -> bool:
    """Return whether libjpeg-turbo 3 was found."""
    return _library() is not None


@cache
def _library() -> ctypes.CDLL | None:
    """Load libjpeg-turbo 3 or later, or return None."""
    for path in [find_library('turbojpeg'), *_packaged()]:
        if path is None:
            continue
        try:
            library = ctypes.CDLL(str(path))
        except OSError:  # built for another system
            continue
        if hasattr(library, 'tj3SetCroppingRegion'):
            return _declare(library)
    return None


def _packaged() -> list[PathLike]:
    """Paths of the libraries in the package ``turbojpeg``."""
    try:
        files = importlib.metadata.files('turbojpeg') or []
    except importlib.metadata.PackageNotFoundError:
        return []
    return [file.locate() for file in files if file.name.startswith('libturbojpeg')]


def _declare(library: ctypes.CDLL) -> ctypes.CDLL:
    """Declare the argument types; as a default int, a handle (a pointer) would be truncated."""
    handle, number, size = ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t
    library.tj3Init.restype = handle
    library.tj3Init.argtypes = [number]
    library.tj3DecompressHeader.argtypes = [handle, ctypes.c_char_p, size]
    library.tj3Get.argtypes = [handle, number]
    library.tj3SetScalingFactor.argtypes = [handle, _Factor]
    library.tj3SetCroppingRegion.argtypes = [handle, _Region]
    content, pixels = ctypes.c_char_p, ctypes.c_void_p
    library.tj3Decompress8.argtypes = [handle, content, size, pixels, number, number]
    return library


def _handle(library: ctypes.CDLL) -> int:
    """Decoder of this thread."""
    if not hasattr(_thread, 'decoder'):
        _thread.decoder = library.tj3Init(DECOMPRESS)
    return _thread.decoder


def _scratch(size: int) -> np.ndarray:
    """``size`` bytes of this thread's pixel buffer."""
    if len(getattr(_thread, 'pixels', ())) < size:
        _thread.pixels = np.empty(size, np.uint8)
    return _thread.pixels[:size]
