"""Open the files of an index: regular files only, never links, pipes or devices."""

import os
import stat
from pathlib import Path
from typing import BinaryIO


def open_regular(path: Path, mode: str = 'rb') -> BinaryIO:
    """Open a file that must be there and must be a regular one.

    A pipe would block for ever, and a link could lead to any file of the machine.

    Args:
        path (Path): The file.
        mode (str): 'rb' or 'r+b'.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is a link, a folder, a pipe or a device.
    """
    flags = os.O_RDWR if '+' in mode else os.O_RDONLY
    check_regular(path)
    # checked again behind the opening, as the file may have been replaced meanwhile
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError(_not_regular(path))
    return os.fdopen(descriptor, mode)


def read_regular(path: Path, most: int) -> bytes:
    """Content of a regular file.

    Args:
        path (Path): The file.
        most (int): Bytes that it may have.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is not a regular file, or larger.
    """
    with open_regular(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f'{path} must have at most {most:,} bytes, got more')
    return content


def check_regular(path: Path) -> int:
    """Size of a file in bytes, 0 if there is none.

    Raises:
        ValueError: It is not a regular file.
    """
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return 0
    if not stat.S_ISREG(found.st_mode):
        raise ValueError(_not_regular(path))
    return found.st_size


def write_at(path: Path, position: int, data) -> None:
    """Write bytes at a position of a file, drop what is behind them, and bring all to the disk.

    Args:
        path (Path): The file, which is made if there is none.
        position (int): Bytes in front of them.
        data (Buffer): The bytes.

    Raises:
        ValueError: It is not a regular file.
    """
    if not os.path.lexists(path):
        path.touch()
    with open_regular(path, 'r+b') as file:
        file.truncate(position)
        file.seek(position)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _not_regular(path: Path) -> str:
    return f'{path} must be a regular file, got a link, a folder, a pipe or a device: remove it'
