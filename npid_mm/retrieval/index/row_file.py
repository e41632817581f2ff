"""The rows of an index on disk: a NumPy file that grows."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from .metadata import FORMAT, OLD_FORMAT
from .regular_files import check_regular, open_regular, write_at

NAMES = {OLD_FORMAT: 'rows.bin', FORMAT: 'rows.npy'}
# NumPy has no bfloat16: its bits are the upper half of those of a float32
STORED: dict[str, np.dtype[Any]] = {
    'float16': np.dtype('<f2'),
    'float32': np.dtype('<f4'),
    'bfloat16': np.dtype('<u2'),
}
HEADER = 128  # bytes before the rows, for any number of them
SHAPE = re.compile(rb"'shape': \((\d{1,15}), ")


class RowFile:
    """Rows (N, D) after a header of NumPy, in ``rows.npy``; in format 2 without one.

    A killed writer leaves more rows than ``index.json`` knows, never fewer. ``numpy.load`` reads
    them too, until the next writer replaces them.

    Args:
        folder (Path): The index.
        meta (dict): Its metadata.
    """

    def __init__(self, folder: Path, meta: dict):
        self.path = folder / NAMES[meta['format']]
        self.dtype = STORED[meta['dtype']]
        self.dim = meta['dim']
        self._start = HEADER if meta['format'] == FORMAT else 0
        self._row_bytes = self.dim * self.dtype.itemsize

    def map(self, count: int) -> np.ndarray:
        """Map the first ``count`` rows into memory, unchecked; bfloat16 as its bits in uint16.

        Raises:
            ValueError: If the file is too short, its header is damaged, or it is not regular.
        """
        have, need = check_regular(self.path), self._start + count * self._row_bytes
        if not count:
            return np.empty((0, self.dim), self.dtype)
        if have < need:
            raise ValueError(
                f'{self.path} is damaged: it has {have} of {need} bytes. Bring it back, or make '
                'the index again'
            )
        with open_regular(self.path) as file:
            if self._start and not self._is_header(file.read(HEADER), count, have):
                raise ValueError(
                    f'{self.path} is damaged: its header is not that of {count} rows. Bring the '
                    'file back, or make the index again'
                )
            shape = (count, self.dim)
            # copy on write, as torch warns of read-only arrays
            return np.memmap(file, self.dtype, 'c', self._start, shape).view(np.ndarray)

    def append(self, count: int, rows: memoryview) -> None:
        """Write the bytes of more rows after the first ``count``.

        Raises:
            ValueError: If the file is not a regular file.
        """
        if self._start and not count:
            write_at(self.path, 0, self._header(0))
        write_at(self.path, self._start + count * self._row_bytes, rows)
        if self._start:
            total = count + rows.nbytes // self._row_bytes
            write_at(self.path, 0, self._header(total), truncate=False)

    def _header(self, count: int) -> bytes:
        """Header of version 1.0 of the NumPy format."""
        about = f"{{'descr': '{self.dtype.str}', 'fortran_order': False, "
        about += f"'shape': ({count}, {self.dim}), }}"
        magic = b'\x93NUMPY\x01\x00' + (HEADER - 10).to_bytes(2, 'little')
        return magic + about.ljust(HEADER - 11).encode() + b'\n'

    def _is_header(self, content: bytes, least: int, size: int) -> bool:
        """Return whether it is the header of at least ``least`` rows that are in the file."""
        found = SHAPE.search(content)
        count = int(found[1]) if found else -1
        fits = self._start + count * self._row_bytes <= size
        return count >= least and fits and content == self._header(count)


def as_float32(rows: np.ndarray) -> np.ndarray:
    """Convert finite stored rows to float32; bits of bfloat16 in uint16 too."""
    if rows.dtype == STORED['bfloat16']:
        return (rows.astype(np.uint32) << 16).view(np.float32)
    if rows.dtype == STORED['float16']:
        # move the bits to their places in a float32, and correct the exponent; NumPy's own
        # conversion takes three times as long
        bits = rows.view(np.int16).astype(np.int32)
        bits <<= 13
        bits &= ~np.int32(0x7 << 28)
        converted = bits.view(np.float32)
        converted *= np.float32(2.0**112)
        return converted
    return rows
