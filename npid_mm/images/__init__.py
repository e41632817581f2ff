"""One reader for every image file: training, evaluation, indexes, pages and sheets."""

from .header import MAX_PIXELS, Header, UnreadableImageError
from .reader import ImageReader, check_regular, naming, plain_reason

__all__ = [
    'MAX_PIXELS',
    'Header',
    'ImageReader',
    'UnreadableImageError',
    'check_regular',
    'naming',
    'plain_reason',
]
