"""The index: unit features of images on disk, mapped into memory, with what they came from."""

import math
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from npid_mm.utils.atomic_io import UNFINISHED
from npid_mm.utils.paths import check_path
from npid_mm.version import __version__

from .entries import Entry, EntryFile, pack
from .metadata import (
    DTYPES,
    FORMAT,
    META,
    MOST_ENTRIES,
    digest,
    read_metadata,
    short,
    write_metadata,
)
from .regular_files import check_regular, write_at
from .sole_writer import LOCK
from .unit_rows import check_unit_rows, stored_unit_rows

ROWS, ENTRIES = 'rows.bin', 'entries.bin'
# what all rows of an index share
SAME = ('network', 'feature', 'preprocessing', 'size', 'dtype', 'dim')


class FeatureIndex:
    """N unit rows (N, D) in a folder, with path and label of each.

    The folder holds ``rows.bin`` (the rows, one after the other), ``entries.bin`` (paths and
    labels) and ``index.json``, which says how much of the others counts and has the network's
    config, a checksum of each block and the signature of the user who wrote it. It is written last
    and whole, after each block: a writer that is killed loses its unfinished block only. Opening
    reads ``index.json`` alone. The rows are checked when they are first used, and the entries block
    by block. Many processes may read an index while one writes, see
    :func:`~npid_mm.retrieval.index.sole_writer.sole_writer`.

    Nothing of an index is executed, so rows and entries may be read wherever it came from. What
    builds its network or gives its files to native code calls :meth:`check_trusted` before.

    Args:
        folder (str | Path): Where the index is.

    Raises:
        FileNotFoundError: There is no index.
        ValueError: It is of another format, or damaged.
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self.reload()

    def reload(self) -> None:
        """Read ``index.json`` again, which another process may have written.

        Raises:
            FileNotFoundError: There is no index.
            ValueError: It is of another format, or damaged.
        """
        self.meta, self.trusted = read_metadata(self.folder)
        self._open()

    @classmethod
    def create(cls, folder: str | Path, config: dict, about: dict) -> 'FeatureIndex':
        """Start an index without rows; its folder is made.

        Args:
            folder (str | Path): Where to; a folder that holds no index.
            config (dict): The network's, see :func:`~npid_mm.retrieval.search_config.as_json`.
            about (dict): Of the keys :data:`SAME`, and ``checkpoint``.

        Raises:
            FileExistsError: The folder holds other files.
        """
        folder = Path(folder)
        check_free(folder)
        meta = {'format': FORMAT, 'npid_mm': __version__, **about, 'config': config}
        write_metadata(folder, {**meta, 'classes': [], 'blocks': []})
        return cls(folder)

    @property
    def dtype(self) -> torch.dtype:
        """torch.dtype: How a row is stored."""
        return DTYPES[self.meta['dtype']]

    @property
    def dim(self) -> int:
        """int: D."""
        return self.meta['dim']

    @property
    def classes(self) -> list[str]:
        """list[str]: Names of the classes, sorted; none without labels."""
        return self.meta['classes']

    @property
    def rows(self) -> Tensor:
        """Tensor: (N, D) in :attr:`dtype`, mapped into memory; checked when first asked for.

        Raises:
            ValueError: A block is not what was written.
        """
        if self._checked == len(self.meta['blocks']):
            return self._rows
        start = sum(entries for entries, *_ in self.meta['blocks'][: self._checked])
        for entries, _, written, _ in self.meta['blocks'][self._checked :]:
            block = self._rows[start : start + entries]
            if digest(block.view(torch.uint8).numpy()) != written:
                raise ValueError(
                    f'{self.folder / ROWS} is damaged: rows {start} to {start + entries - 1} are '
                    'not those that were written. Bring the file back, or make the index again'
                )
            start += entries
            self._checked += 1
        return self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Entry:
        """Path and label of row ``index``."""
        return self._entries[index]

    def entries(self) -> Iterator[Entry]:
        """Path and label of all rows, in their order."""
        return iter(self._entries)

    def check_same(self, about: dict) -> None:
        """Refuse rows of another origin.

        Args:
            about (dict): Of the keys :data:`SAME`, or some of them.

        Raises:
            ValueError: The index is of another network, feature, preprocessing or dtype.
        """
        for key in SAME:
            if key in about and self.meta[key] != about[key]:
                raise ValueError(
                    f'{self.folder} is an index of another {key}: it has '
                    f'{short(self.meta[key])}, got {short(about[key])}. Use the checkpoint and '
                    'the config that it was made with, or make another index'
                )

    def check_trusted(self, trust: bool) -> None:
        """Refuse an index that this user did not make on this machine.

        Args:
            trust (bool): Let it pass all the same.

        Raises:
            PermissionError: It is not signed with the key of this user, and ``trust`` is not set.
        """
        if not (trust or self.trusted):
            raise PermissionError(
                f'{self.folder} was not made on this machine by this user, or has been changed '
                'since: its config says which network is built and which checkpoint is read, from '
                'where, and native code reads its lists for approximate search. If you trust who '
                'made it, give --trust (trust=True in Python)'
            )

    def append(self, rows: Tensor, entries: list[Entry]) -> None:
        """Add rows at the end; when this returns they are on the disk.

        Args:
            rows (Tensor): (n, D), finite, of unit length.
            entries (list[Entry]): n paths and labels.

        Raises:
            ValueError: Shapes or lengths do not fit, or a row is not finite or not of unit length.
        """
        if rows.shape != (len(entries), self.dim) or not len(entries):
            raise ValueError(
                f'rows must be (n, {self.dim}) for n entries, at least one, got '
                f'{tuple(rows.shape)} for {len(entries)}'
            )
        check_unit_rows(rows, entries)
        for start in range(0, len(rows), MOST_ENTRIES):
            part = slice(start, start + MOST_ENTRIES)
            self._append_block(stored_unit_rows(rows[part], self.dtype), entries[part])

    def _append_block(self, rows: Tensor, entries: list[Entry]) -> None:
        """Add rows as they are stored."""
        stored, packed = rows.contiguous().view(torch.uint8).numpy(), pack(entries)
        write_at(self.folder / ROWS, len(self) * self._row_bytes, stored)
        write_at(self.folder / ENTRIES, self._entries.bytes, packed)
        labels = {entry.label for entry in entries if entry.label is not None}
        self.meta['classes'] = sorted(labels | set(self.classes))
        self.meta['blocks'].append([len(entries), len(packed), digest(stored), digest(packed)])
        self.write()
        self._open(self._checked)

    def write(self) -> None:
        """Write :attr:`meta` and sign it."""
        self.trusted = write_metadata(self.folder, self.meta)

    @property
    def _row_bytes(self) -> int:
        return self.dim * self.dtype.itemsize

    def _open(self, checked: int = 0) -> None:
        """Map the rows, of which the first blocks have been checked."""
        self._checked = checked
        self._entries = EntryFile(
            self.folder / ENTRIES,
            [(count, size, sha) for count, size, _, sha in self.meta['blocks']],
        )
        shape = (len(self._entries), self.dim)
        for name, need in ((ROWS, shape[0] * self._row_bytes), (ENTRIES, self._entries.bytes)):
            path = self.folder / name
            have = check_regular(path)
            if have < need:
                raise ValueError(
                    f'{path} is damaged: it has {have} of {need} bytes. Bring it back, or make '
                    'the index again'
                )
        self._rows = torch.empty(shape, dtype=self.dtype)
        if shape[0]:
            path = str(self.folder / ROWS)
            flat = torch.from_file(path, shared=False, size=math.prod(shape), dtype=self.dtype)
            self._rows = flat.view(shape)


def check_free(folder: str | Path) -> None:
    """Refuse to start an index among other files.

    Raises:
        FileExistsError: The folder holds something else, or is a file.
        ValueError: Its path is not UTF-8.
    """
    started = {LOCK, META + UNFINISHED}
    folder = Path(folder)
    check_path(folder, 'the index')
    if folder.exists() and not folder.is_dir():
        what = 'is a file'
    elif folder.exists() and not {path.name for path in folder.iterdir()} <= started:
        what = 'holds other files'
    else:
        return
    raise FileExistsError(
        f'{folder} must be an index or an empty folder, but it {what}: name another folder'
    )
