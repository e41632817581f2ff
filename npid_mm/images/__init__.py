"""Decode image files, in the same way for every part of the package."""

from .files import check_regular, errors_with_path, plain_reason
from .header import MAX_PIXELS, file_header
from .image_types import Header, UnreadableImageError
from .reader import ImageReader

__all__ = [
    'MAX_PIXELS',
    'Header',
    'ImageReader',
    'UnreadableImageError',
    'check_regular',
    'errors_with_path',
    'file_header',
    'plain_reason',
]
