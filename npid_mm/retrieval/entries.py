"""Paths and labels of an index: short blocks, compressed, of which one answer reads few."""

import json
import zlib
from bisect import bisect_right
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

CACHED_BLOCKS = 2048  # of an index of ImageNet's size all of them, some 100 MB


class Entry(NamedTuple):
    """An image of an index: its file, and its class if it has one."""

    path: str
    label: str | None


def pack(entries: list[Entry]) -> bytes:
    """A block of the file of entries."""
    return zlib.compress(json.dumps(list(zip(*entries, strict=True))).encode())


def unpack(block: bytes) -> list[Entry]:
    """What :func:`pack` packed."""
    return [Entry(*entry) for entry in zip(*json.loads(zlib.decompress(block)), strict=True)]


class EntryFile:
    """The entries of an index, read where they are asked for.

    Args:
        path (Path): The file.
        blocks (list[tuple[int, int]]): Entries and bytes of each block, in the file's order.
    """

    def __init__(self, path: Path, blocks: list[tuple[int, int]]):
        self._path = path
        self._first, self._start, self._size = [], [], []  # of each block: entry, byte, bytes
        entry = byte = 0
        for entries, size in blocks:
            self._first.append(entry)
            self._start.append(byte)
            self._size.append(size)
            entry, byte = entry + entries, byte + size
        self._block = lru_cache(CACHED_BLOCKS)(self._read)

    def __getitem__(self, index: int) -> Entry:
        """The entry of row ``index``."""
        number = bisect_right(self._first, index) - 1
        return self._block(number)[index - self._first[number]]

    def __iter__(self):
        """All entries, in the order of the rows."""
        for number in range(len(self._first)):
            yield from self._read(number)

    def _read(self, number: int) -> list[Entry]:
        with open(self._path, 'rb') as file:
            file.seek(self._start[number])
            return unpack(file.read(self._size[number]))
