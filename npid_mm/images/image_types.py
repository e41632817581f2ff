"""Types that the readers of headers and of pixels share."""

from os import PathLike
from typing import NamedTuple


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
    channels: int  # without transparency; 3 for a palette and CMYK, which become RGB
    is_jpeg: bool = False
    orientation: int = 1  # EXIF's, 1 to 8, which decoding applies
    transparent: bool = False
    depth: str = ''  # kind of values with more than 8 bits per channel, else ''
    opencv: bool = False  # OpenCV decodes it correctly, apart from the orientation
    source: str = ''  # 'npy' or 'tiff' if neither Pillow nor OpenCV decodes it
    several: bool = False  # an animation, or a file of several pages
