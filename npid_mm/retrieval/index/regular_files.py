"""Open only regular files in an index: no links, pipes or devices."""

import os
import stat
from pathlib import Path
from typing import BinaryIO, Literal


def open_regular(path: Path, mode: Literal['rb', 'r+b'] = 'rb') -> BinaryIO:
    """Open an existing regular file.

    Opening a pipe would block forever, and a link may lead to any file of the machine.

    Args:
        path (Path): The file.
        mode (str): 'rb' or 'r+b'.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If it is a link, a folder, a pipe or a device.
    """
    flags = os.O_RDWR if '+' in mode else os.O_RDONLY
    check_regular(path)
    # check again after opening: the file may have been replaced in between
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError(_not_regular(path))
    return os.fdopen(descriptor, mode)


def read_regular(path: Path, max_bytes: int) -> bytes:
    """Read a regular file.

    Args:
        path (Path): The file.
        max_bytes (int): Largest size that is accepted.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If it is not a regular file, or larger.
    """
    with open_regular(path) as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise ValueError(f'{path} must have at most {max_bytes:,} bytes, got more')
    return content


def check_regular(path: Path) -> int:
    """Check that a path is a regular file or free, and return its size in bytes, or 0.

    Raises:
        ValueError: If it is not a regular file.
    """
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return 0
    if not stat.S_ISREG(found.st_mode):
        raise ValueError(_not_regular(path))
    return found.st_size


def write_at(path: Path, position: int, data: bytes | memoryview, truncate: bool = True) -> None:
    """Write bytes at a position of a file, and sync to disk.

    Args:
        path (Path): The file, created if missing.
        position (int): Offset in bytes.
        data (bytes | memoryview): The bytes.
        truncate (bool): Whether the file ends after them.

    Raises:
        ValueError: If it is not a regular file.
    """
    if not os.path.lexists(path):
        path.touch()
    with open_regular(path, 'r+b') as file:
        if truncate:
            file.truncate(position)
        file.seek(position)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _not_regular(path: Path) -> str:
    return f'{path} must be a regular file, got a link, a folder, a pipe or a device: remove it'
