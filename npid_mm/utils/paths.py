"""Path of the shipped files, and paths of any bytes: print, resolve and check them."""

import os
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

# configs, tools and model index, where `mim` and `_base_ = 'npid_mm::...'` look for them
MIM = Path(__file__).resolve().parents[1] / '.mim'
UNWRITABLE = re.compile('[\n\r\ud800-\udfff]')  # surrogates stand for bytes that are not UTF-8


def printable_path(path: str | Path) -> str:
    """Escape line breaks, tabs and bytes that are not UTF-8, so that a path can be printed."""
    return ''.join(letter if letter.isprintable() else _escaped(letter) for letter in str(path))


def _escaped(letter: str) -> str:
    byte = ord(letter) - 0xDC00  # Python's surrogate for a byte that is not UTF-8
    escaped = letter.encode('unicode_escape').decode()
    return f'\\x{byte:02x}' if 0x80 <= byte <= 0xFF else escaped


def check_path(path: str | Path, what: str) -> None:
    """Refuse a path that configs, lists and logs cannot hold.

    Args:
        path (str | Path): A path, which need not exist.
        what (str): Its name in the message.

    Raises:
        ValueError: If the absolute path has a line break or bytes that are not UTF-8.
    """
    path = os.path.abspath(path)
    if UNWRITABLE.search(path):
        raise ValueError(
            f'{what} must have a path in UTF-8 without line breaks, got {printable_path(path)}: '
            'rename it'
        )


def real_paths(paths: Iterable[str]) -> Iterator[str]:
    """Resolve the links of absolute paths, in order; each folder is resolved once."""
    real_folder = lru_cache(maxsize=None)(os.path.realpath)
    for path in paths:
        folder, name = os.path.split(path)
        real = os.path.join(real_folder(folder), name)
        yield os.path.realpath(real) if os.path.islink(real) else real
