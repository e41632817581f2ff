"""An index: unit features of images on disk, mapped into memory, with paths and labels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from npid_mm.version import __version__

from .entries import Entry, EntryFile, pack
from .metadata import (
    DTYPES,
    FORMAT,
    MAX_ENTRIES,
    digest,
    preview,
    read_metadata,
    write_metadata,
)
from .new_folder import check_new
from .regular_files import check_regular, write_at
from .row_file import RowFile, as_float32

if TYPE_CHECKING:
    import torch
    from torch import Tensor

ENTRIES = 'entries.bin'
# metadata that all rows share
SHARED = ('network', 'feature', 'preprocessing', 'size', 'dtype', 'dim')


class FeatureIndex:
    """N unit rows (N, D) in a folder, with a path and a label for each.

    The folder holds ``rows.npy`` (the rows), ``entries.bin`` (paths and labels), ``encoder.onnx``
    and ``preprocessing.json`` (the network, and what is done with an image before) and
    ``index.json`` (lengths and checksums, the network's config, the signature of the user).
    ``index.json`` is written last and atomically after each block: if the writer is killed, only
    its unfinished block is lost. Opening reads only ``index.json``. Rows are checked on first use,
    entries block by block. Many processes may read an index while one writes, see
    :func:`~npid_mm.retrieval.index.write_lock.write_lock`.

    Rows and entries of an untrusted index are safe to read: nothing is executed. Call
    :meth:`check_trusted` before building its network or passing its files to native code.

    Args:
        folder (str | Path): The index.

    Raises:
        FileNotFoundError: If the folder has no index.
        ValueError: If it has another format, or is damaged.

    Example:
        >>> FeatureIndex('work_dirs/index')[0].path
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self.reload()

    def reload(self) -> None:
        """Read ``index.json`` again, after another process may have written it.

        Raises:
            FileNotFoundError: If the folder has no index.
            ValueError: If it has another format, or is damaged.
        """
        self.meta, self.trusted = read_metadata(self.folder)
        self._open()

    @classmethod
    def create(cls, folder: str | Path, config: dict, about: dict) -> FeatureIndex:
        """Create an index without rows.

        Args:
            folder (str | Path): A new or an empty folder.
            config (dict): Config of the network, see
                :func:`~npid_mm.retrieval.stored_config.config_to_json`.
            about (dict): The keys :data:`SHARED`, ``checkpoint`` and, if the folder has an encoder,
                ``encoder``, the SHA-256 of its files.

        Raises:
            FileExistsError: If the folder holds other files.
            ValueError: If the dtype is not allowed.
        """
        if about['dtype'] not in DTYPES:
            raise ValueError(f'dtype must be one of {", ".join(DTYPES)}, got {about["dtype"]!r}')
        folder = Path(folder)
        check_new(folder)
        meta = {'format': FORMAT, 'npid_mm': __version__, **about, 'config': config}
        write_metadata(folder, {**meta, 'classes': [], 'blocks': []})
        return cls(folder)

    @property
    def dtype(self) -> torch.dtype:
        """torch.dtype: Type of the stored rows."""
        import torch

        return getattr(torch, self.meta['dtype'])

    @property
    def dim(self) -> int:
        """int: Feature dimension D."""
        return self.meta['dim']

    @property
    def classes(self) -> list[str]:
        """list[str]: Names of the classes, sorted; empty without labels."""
        return self.meta['classes']

    @property
    def array(self) -> np.ndarray:
        """ndarray: (N, D), mapped into memory and checked on first use.

        float16 or float32; an index of version 0.1 may have bfloat16, as its bits in uint16.

        Raises:
            ValueError: If a block is damaged.
        """
        if self._checked == len(self.meta['blocks']):
            return self._rows
        start = sum(entries for entries, *_ in self.meta['blocks'][: self._checked])
        for entries, _, written, _ in self.meta['blocks'][self._checked :]:
            block = self._rows[start : start + entries]
            if digest(block.view(np.uint8).data) != written:
                raise ValueError(
                    f'{self._row_file.path} is damaged: rows {start} to {start + entries - 1} are '
                    'not those that were written. Bring the file back, or make the index again'
                )
            start += entries
            self._checked += 1
        return self._rows

    @property
    def rows(self) -> Tensor:
        """Tensor: :attr:`array` as a tensor of :attr:`dtype`, which shares its memory."""
        import torch

        array = self.array
        if array.dtype == np.uint16:
            return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
        return torch.from_numpy(array)

    def float32_rows(self, selection: slice | list[int] | np.ndarray) -> np.ndarray:
        """Return some rows (n, D) as float32."""
        return as_float32(self.array[selection])

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Entry:
        """Return path and label of row ``index``."""
        return self._entries[index]

    def entries(self) -> Iterator[Entry]:
        """Iterate over paths and labels, in the order of the rows."""
        return iter(self._entries)

    def check_compatible(self, about: dict) -> None:
        """Refuse rows of another network, feature, preprocessing or dtype.

        Args:
            about (dict): Some of the keys :data:`SHARED`.

        Raises:
            ValueError: If a value differs from that of the index.
        """
        for key in SHARED:
            if key in about and self.meta[key] != about[key]:
                raise ValueError(
                    f'{self.folder} is an index of another {key}: it has '
                    f'{preview(self.meta[key])}, got {preview(about[key])}. Use the checkpoint and '
                    'the config that it was made with, or make another index'
                )

    def check_trusted(self, trust: bool) -> None:
        """Refuse an index that this user did not make on this machine.

        Args:
            trust (bool): Accept it all the same.

        Raises:
            PermissionError: If it is not signed with the key of this user, and ``trust`` is false.
        """
        if not (trust or self.trusted):
            raise PermissionError(
                f'{self.folder} was not made on this machine by this user, or has been changed '
                'since: its config decides which network is built and which checkpoint is read, '
                'and native code reads its lists for approximate search. If you trust its author, '
                'give --trust (trust=True in Python)'
            )

    def append(self, rows: Tensor, entries: list[Entry]) -> None:
        """Add rows at the end and sync them to disk.

        Args:
            rows (Tensor): (n, D), finite, of unit length.
            entries (list[Entry]): n paths and labels.

        Raises:
            ValueError: If the shapes are incompatible, or a row is not finite or not of unit
                length.
        """
        if rows.shape != (len(entries), self.dim) or not len(entries):
            raise ValueError(
                f'rows must be (n, {self.dim}) for n entries, at least one, got '
                f'{tuple(rows.shape)} for {len(entries)}'
            )
        from .unit_rows import check_unit_rows, stored_unit_rows

        check_unit_rows(rows, entries)
        for start in range(0, len(rows), MAX_ENTRIES):
            part = slice(start, start + MAX_ENTRIES)
            self._append_block(stored_unit_rows(rows[part], self.dtype), entries[part])

    def _append_block(self, rows: Tensor, entries: list[Entry]) -> None:
        import torch

        stored, packed = rows.contiguous().view(torch.uint8).numpy().data, pack(entries)
        self._row_file.append(len(self), stored)
        write_at(self.folder / ENTRIES, self._entries.bytes, packed)
        labels = {entry.label for entry in entries if entry.label is not None}
        self.meta['classes'] = sorted(labels | set(self.classes))
        self.meta['blocks'].append([len(entries), len(packed), digest(stored), digest(packed)])
        self.write()
        self._open(self._checked)

    def write(self) -> None:
        """Write :attr:`meta` and sign it."""
        self.trusted = write_metadata(self.folder, self.meta)

    def _open(self, checked: int = 0) -> None:
        """Map the rows, whose first ``checked`` blocks need no check."""
        self._checked = checked
        self._entries = EntryFile(
            self.folder / ENTRIES,
            [(count, size, sha) for count, size, _, sha in self.meta['blocks']],
        )
        have, need = check_regular(self.folder / ENTRIES), self._entries.bytes
        if have < need:
            raise ValueError(
                f'{self.folder / ENTRIES} is damaged: it has {have} of {need} bytes. Bring it '
                'back, or make the index again'
            )
        self._row_file = RowFile(self.folder, self.meta)
        self._rows = self._row_file.map(len(self._entries))
