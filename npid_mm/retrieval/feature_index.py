"""The index: unit features of images on disk, mapped into memory, with what they came from."""

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from npid_mm.engine.whole_file_backend import UNFINISHED, WholeFileBackend
from npid_mm.version import __version__

from .entries import Entry, EntryFile, pack
from .sole_writer import LOCK

FORMAT = 1  # a reader of this number reads what a writer of it wrote
DTYPES = {name: getattr(torch, name) for name in ('bfloat16', 'float16', 'float32')}
META, CONFIG, ROWS, ENTRIES = 'index.json', 'config.py', 'rows.bin', 'entries.bin'
SAME = (
    'network',
    'feature',
    'preprocessing',
    'size',
    'dtype',
    'dim',
)  # what all rows of an index share


class FeatureIndex:
    """N unit rows (N, D) in a folder, with path and label of each.

    The folder holds ``rows.bin`` (the rows, one after the other), ``entries.bin`` (paths and
    labels), ``config.py`` (the network's config) and ``index.json``, which says how much of the
    others counts. It is written last and whole, after each block: whoever is killed loses the block
    that he was about to add. Opening reads ``index.json`` alone. Many may read it while one writes;
    :func:`~npid_mm.retrieval.sole_writer.sole_writer` sees to it that it is one.

    Args:
        folder (str | Path): Where the index is.

    Raises:
        FileNotFoundError: There is no index.
        ValueError: It is of another format, or damaged.
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        try:
            self.meta = json.loads((self.folder / META).read_text(encoding='utf-8'))
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f'no index at {self.folder}: make one with '
                'tools/retrieve.py index CONFIG CHECKPOINT --images FOLDER --out INDEX'
            ) from error
        except ValueError as error:
            raise ValueError(f'{self.folder / META} is damaged: {error}') from error
        if self.meta['format'] != FORMAT:
            raise ValueError(
                f'{self.folder} must be an index of format {FORMAT}, got {self.meta["format"]}: '
                'make it again with this version'
            )
        self._open()

    @classmethod
    def create(cls, folder: str | Path, config: str, about: dict) -> 'FeatureIndex':
        """Start an index without rows; its folder is made.

        Args:
            folder (str | Path): Where to; a folder that holds no index.
            config (str): Text of the network's config.
            about (dict): Of the keys :data:`SAME`, and ``checkpoint``.

        Raises:
            FileExistsError: The folder holds other files.
        """
        folder = Path(folder)
        check_free(folder)
        backend = WholeFileBackend()
        backend.put_text(config, folder / CONFIG)
        meta = {'format': FORMAT, 'npid_mm': __version__, **about, 'classes': [], 'blocks': []}
        backend.put_text(json.dumps(meta), folder / META)
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
    def config(self) -> Path:
        """Path: The config of the network."""
        return self.folder / CONFIG

    def __len__(self) -> int:
        return sum(entries for entries, _ in self.meta['blocks'])

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
                    f'{_short(self.meta[key])}, got {_short(about[key])}. Use the checkpoint and '
                    'the config that it was made with, or make another index'
                )

    def append(self, rows: Tensor, entries: list[Entry]) -> None:
        """Add rows at the end; when this returns they are on the disk.

        Args:
            rows (Tensor): (n, D), finite, of unit length.
            entries (list[Entry]): n paths and labels.

        Raises:
            ValueError: Shapes or lengths do not fit, or a row is not finite.
        """
        if rows.shape != (len(entries), self.dim) or not len(entries):
            raise ValueError(
                f'rows must be (n, {self.dim}) for n entries, at least one, got '
                f'{tuple(rows.shape)} for {len(entries)}'
            )
        if not rows.isfinite().all():
            broken = int((~rows.isfinite()).any(dim=1).nonzero()[0])
            raise ValueError(
                f'rows must be finite, but that of {entries[broken].path} is not: look at the '
                'weights of the checkpoint'
            )
        stored = rows.detach().to('cpu', self.dtype).contiguous().view(torch.uint8).numpy()
        block = pack(entries)
        _write_at(self.folder / ROWS, len(self) * self._row_bytes, stored)
        _write_at(self.folder / ENTRIES, sum(size for _, size in self.meta['blocks']), block)
        labels = {entry.label for entry in entries if entry.label is not None}
        self.meta['classes'] = sorted(labels | set(self.classes))
        self.meta['blocks'].append([len(entries), len(block)])
        WholeFileBackend().put_text(json.dumps(self.meta), self.folder / META)
        self._open()

    @property
    def _row_bytes(self) -> int:
        return self.dim * self.dtype.itemsize

    def _open(self) -> None:
        """Map the rows, (N, D) in :attr:`dtype`."""
        self._entries = EntryFile(self.folder / ENTRIES, self.meta['blocks'])
        for name, need in (
            (ROWS, len(self) * self._row_bytes),
            (ENTRIES, sum(size for _, size in self.meta['blocks'])),
        ):
            path = self.folder / name
            have = path.stat().st_size if path.exists() else 0
            if have < need:
                raise ValueError(
                    f'{path} is damaged: it has {have} of {need} bytes. Bring it back, or make '
                    'the index again'
                )
        shape = (len(self), self.dim)
        self.rows = torch.empty(shape, dtype=self.dtype)
        if len(self):
            path = str(self.folder / ROWS)
            flat = torch.from_file(path, shared=False, size=math.prod(shape), dtype=self.dtype)
            self.rows = flat.view(shape)


def check_free(folder: str | Path) -> None:
    """Refuse to start an index among other files.

    Raises:
        FileExistsError: The folder holds something else, or is a file.
    """
    started = {LOCK, CONFIG, CONFIG + UNFINISHED, META + UNFINISHED}
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        what = 'is a file'
    elif folder.exists() and not {path.name for path in folder.iterdir()} <= started:
        what = 'holds other files'
    else:
        return
    raise FileExistsError(
        f'{folder} must be an index or an empty folder, but it {what}: name another folder'
    )


def _write_at(path: Path, position: int, data) -> None:
    """Write bytes at ``position``, over what an interrupted writer left there, onto the disk."""
    with open(path, 'r+b' if path.exists() else 'wb') as file:
        file.truncate(position)
        file.seek(position)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _short(value) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f'{text[:77]}...'
