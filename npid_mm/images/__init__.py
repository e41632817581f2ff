"""Decode image files, in the same way for every part of the package."""

from .header import MAX_PIXELS, Header, UnreadableImageError, shorter_edge
from .reader import ImageReader, check_regular, errors_with_path, plain_reason

__all__ = [
    'MAX_PIXELS',
    'Header',
    'ImageReader',
    'UnreadableImageError',
    'check_regular',
    'errors_with_path',
    'plain_reason',
    'shorter_edge',
]
