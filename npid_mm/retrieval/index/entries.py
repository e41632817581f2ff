"""Paths and labels of an index, in compressed blocks."""

import json
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from .metadata import MAX_PACKED, digest
from .regular_files import open_regular

CACHED_BLOCKS = 2048  # all blocks of an index of ImageNet, about 100 MB


class Entry(NamedTuple):
    """An image of an index: its file, and its class or None."""

    path: str
    label: str | None


def pack(entries: list[Entry]) -> bytes:
    """Compress a block of entries.

    Raises:
        ValueError: If it is too large for :func:`unpack`.
    """
    text = json.dumps(list(zip(*entries, strict=True))).encode()
    if len(text) > MAX_PACKED:
        raise ValueError(f'{len(entries)} entries must have at most {MAX_PACKED:,} bytes')
    return zlib.compress(text)


def unpack(block: bytes) -> list[Entry]:
    """Decompress a block of :func:`pack`.

    Raises:
        ValueError: If it is something else.
    """
    try:
        text = zlib.decompressobj().decompress(block, MAX_PACKED)
        paths, labels = json.loads(text)
        entries = [Entry(*entry) for entry in zip(paths, labels, strict=True)]
    except (zlib.error, ValueError, TypeError, RecursionError) as error:
        raise ValueError(f'a block of entries cannot be read: {error}') from error
    for path, label in entries:
        known = label is None or isinstance(label, str)
        if not isinstance(path, str) or '\0' in path or not known:
            raise ValueError('a block of entries must hold paths and labels, got other values')
    return entries


class EntryFile:
    """The entries of an index, read block by block on access.

    Args:
        path (Path): The file.
        blocks (list[tuple[int, int, str]]): Number of entries, bytes and digest of each block.
    """

    def __init__(self, path: Path, blocks: list[tuple[int, int, str]]):
        self._path = path
        self._blocks = blocks
        # first entry and first byte of each block
        self._first: list[int] = []
        self._start: list[int] = []
        self._len = self.bytes = 0
        for entries, size, _ in blocks:
            self._first.append(self._len)
            self._start.append(self.bytes)
            self._len, self.bytes = self._len + entries, self.bytes + size
        self._block = lru_cache(CACHED_BLOCKS)(self._read)

    def __len__(self) -> int:
        return self._len

    def __getitem__(self, index: int) -> Entry:
        """Return the entry of row ``index``.

        Raises:
            ValueError: If its block is damaged.
        """
        number = bisect_right(self._first, index) - 1
        return self._block(number)[index - self._first[number]]

    def __iter__(self) -> Iterator[Entry]:
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
