"""Check files before they are read, and say what is wrong with them."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike

from .image_types import UnreadableImageError


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
