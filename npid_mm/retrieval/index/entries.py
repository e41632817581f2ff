"""Paths and labels of an index: short blocks, compressed, of which one answer reads few."""

import json
import zlib
from bisect import bisect_right
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from .metadata import MOST_PACKED, digest
from .regular_files import open_regular

CACHED_BLOCKS = 2048  # of an index of ImageNet's size all of them, some 100 MB


class Entry(NamedTuple):
    """An image of an index: its file, and its class if it has one."""

    path: str
    label: str | None


def pack(entries: list[Entry]) -> bytes:
    """A block of the file of entries.

    Raises:
        ValueError: It is too large to be read again.
    """
    text = json.dumps(list(zip(*entries, strict=True))).encode()
    if len(text) > MOST_PACKED:
        raise ValueError(f'{len(entries)} entries must have at most {MOST_PACKED:,} bytes')
    return zlib.compress(text)


def unpack(block: bytes) -> list[Entry]:
    """What :func:`pack` packed.

    Raises:
        ValueError: It is something else.
    """
    try:
        text = zlib.decompressobj().decompress(block, MOST_PACKED)
        paths, labels = json.loads(text)
        entries = [Entry(*entry) for entry in zip(paths, labels, strict=True)]
    except (zlib.error, ValueError, TypeError, RecursionError) as error:
        raise ValueError(f'a block of entries cannot be read: {error}') from error
    for path, label in entries:
        known = label is None or isinstance(label, str)
        if not isinstance(path, str) or '\0' in path or not known:
            raise ValueError('a block of entries must hold paths and labels, and holds others')
    return entries


class EntryFile:
    """The entries of an index, read where they are asked for.

    Args:
        path (Path): The file.
        blocks (list[tuple[int, int, str]]): Entries, bytes and digest of each block, in the file's
            order.
    """

    def __init__(self, path: Path, blocks: list[tuple[int, int, str]]):
        self._path = path
        self._blocks = blocks
        self._first, self._start = [], []  # of each block: entry, byte
        self._len = self.bytes = 0
        for entries, size, _ in blocks:
            self._first.append(self._len)
            self._start.append(self.bytes)
            self._len, self.bytes = self._len + entries, self.bytes + size
        self._block = lru_cache(CACHED_BLOCKS)(self._read)

    def __len__(self) -> int:
        return self._len

    def __getitem__(self, index: int) -> Entry:
        """The entry of row ``index``.

        Raises:
            ValueError: The file is damaged there.
        """
        number = bisect_right(self._first, index) - 1
        return self._block(number)[index - self._first[number]]

    def __iter__(self):
        """All entries, in the order of the rows."""
        for number in range(len(self._first)):
            yield from self._read(number)

    def _read(self, number: int) -> list[Entry]:
        count, size, written = self._blocks[number]
        with open_regular(self._path) as file:
            file.seek(self._start[number])
            block = file.read(size)
        entries = unpack(block) if digest(block) == written else []
        if len(entries) != count:
            first = self._first[number]
            raise ValueError(
                f'{self._path} is damaged: entries {first} to {first + count - 1} are not '
                'those that were written. Bring the file back, or make the index again'
            )
        return entries
