"""Embeddings of images, and the files that hold them."""

import csv
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from npid_mm.extras import optional_module
from npid_mm.utils.atomic_io import atomic_path
from npid_mm.utils.output_files import EMBEDDINGS, check_output
from npid_mm.utils.paths import printable_path

PARQUET = 'a .parquet file of embeddings'  # what needs pyarrow, in messages


@dataclass(eq=False)
class Embeddings:
    """Paths of N images and their unit vectors.

    Attributes:
        paths (list[str]): Absolute paths.
        vectors (ndarray): (N, D) of float32, unit rows in the order of ``paths``.
        labels (list[str | None], optional): Class of each image; None if no image has one.
        unreadable (dict[str, str]): Images that could not be read and have no row, with the reason.
            It is not saved.

    Raises:
        ValueError: If the lengths differ, or a vector holds NaN or infinity.

    Example:
        >>> embeddings = npid_mm.embed('run', 'photographs/')
        >>> embeddings.save('vectors.npz')
    """

    paths: list[str]
    vectors: np.ndarray
    labels: list[str | None] | None = None
    unreadable: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.vectors = np.asarray(self.vectors, np.float32)
        count = len(self.paths)
        if self.vectors.ndim != 2 or len(self.vectors) != count:
            raise ValueError(
                f'vectors must be (N, D) with a row for each of the {count} paths, got '
                f'{self.vectors.shape}'
            )
        if not np.isfinite(self.vectors).all():
            raise ValueError('vectors must be finite, got NaN or infinity')
        if self.labels is not None and len(self.labels) != count:
            raise ValueError(
                f'labels must be one for each of the {count} paths, got {len(self.labels)}'
            )

    def __len__(self) -> int:
        return len(self.paths)

    def __repr__(self) -> str:
        count, dim = self.vectors.shape
        return f'Embeddings({count} images, D = {dim}, {len(self.unreadable)} unreadable)'

    def save(self, out: str | Path, force: bool = False) -> None:
        """Write the embeddings to a file, complete or not at all.

        - ``.npz``: the arrays ``paths``, ``vectors`` and, with labels, ``labels``, for numpy;
        - ``.parquet``: the columns ``path``, ``label`` and ``vector``, a list of float32; needs
          pyarrow, which the extra ``parquet`` installs;
        - ``.csv``: the columns ``path``, ``label`` and ``v0``, ``v1``, ..., with all digits.

        A missing label is the empty text, and null in a ``.parquet`` file.

        Args:
            out (str | Path): File to write; an earlier file of embeddings is replaced.
            force (bool): Also replace a file of another kind.

        Raises:
            ValueError: If ``out`` has another ending.
            OSError: If ``out`` would replace another file, or cannot be written.
            MissingExtraError: If ``out`` ends in ``.parquet`` and pyarrow is not installed.
        """
        out = check_output(out, EMBEDDINGS, force, 'out')
        write = WRITERS[out.suffix.lower()]
        with atomic_path(out, keep_suffix=True) as unfinished:
            write(self, unfinished)

    @classmethod
    def load(cls, path: str | Path) -> 'Embeddings':
        """Read a file of :meth:`save`; nothing in it is executed.

        Args:
            path (str | Path): A ``.npz``, ``.parquet`` or ``.csv`` file.

        Raises:
            FileNotFoundError: If it does not exist.
            ValueError: If it has another ending, or other content.
            MissingExtraError: If it ends in ``.parquet`` and pyarrow is not installed.
        """
        path = Path(path)
        read = READERS.get(path.suffix.lower())
        if read is None:
            raise ValueError(f'path must end in {" or ".join(READERS)}, got {path}')
        if not path.is_file():
            raise FileNotFoundError(f'path must be a file of embeddings, and none is at {path}')
        try:
            paths, vectors, labels = read(path)
            texts = [label or None for label in labels] if labels is not None else None
            return cls(paths, vectors, texts if texts and any(texts) else None)
        except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(
                f'{printable_path(path)} is not a file of embeddings of npid_mm: {error}'
            ) from error


Columns = tuple[list[str], np.ndarray, Sequence[str | None] | None]


def _write_npz(embeddings: Embeddings, path: Path) -> None:
    arrays = {'paths': np.array(embeddings.paths, np.str_), 'vectors': embeddings.vectors}
    if embeddings.labels is not None:
        arrays['labels'] = np.array([label or '' for label in embeddings.labels], np.str_)
    with open(path, 'wb') as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def _read_npz(path: Path) -> Columns:
    with np.load(path, allow_pickle=False) as arrays:
        labels = arrays['labels'].tolist() if 'labels' in arrays else None
        return arrays['paths'].tolist(), arrays['vectors'], labels


def _write_parquet(embeddings: Embeddings, path: Path) -> None:
    arrow = optional_module('pyarrow', PARQUET)
    vectors = embeddings.vectors
    starts = np.arange(len(vectors) + 1, dtype=np.int64) * vectors.shape[1]
    columns: dict[str, Any] = {'path': arrow.array(embeddings.paths, arrow.string())}
    if embeddings.labels is not None:
        columns['label'] = arrow.array(embeddings.labels, arrow.string())
    of_lists = arrow.ListArray if starts[-1] < 2**31 else arrow.LargeListArray
    offsets = arrow.array(starts, arrow.int32() if starts[-1] < 2**31 else arrow.int64())
    columns['vector'] = of_lists.from_arrays(offsets, arrow.array(vectors.ravel()))
    optional_module('pyarrow.parquet', PARQUET).write_table(arrow.table(columns), path)


def _read_parquet(path: Path) -> Columns:
    table = optional_module('pyarrow.parquet', PARQUET).read_table(path)
    values = table['vector'].combine_chunks().flatten().to_numpy()
    labels = table['label'].to_pylist() if 'label' in table.column_names else None
    dim = len(values) // max(len(table), 1)
    return table['path'].to_pylist(), values.reshape(len(table), dim), labels


def _write_csv(embeddings: Embeddings, path: Path) -> None:
    labels = embeddings.labels
    with open(path, 'w', encoding='utf-8', errors='surrogateescape', newline='') as file:
        writer = csv.writer(file)
        names = [f'v{number}' for number in range(embeddings.vectors.shape[1])]
        writer.writerow(['path', *(['label'] if labels is not None else []), *names])
        for number, row in enumerate(embeddings.vectors):
            label = [labels[number] or ''] if labels is not None else []
            # str of a float32 has just the digits that identify it
            writer.writerow([embeddings.paths[number], *label, *map(str, row)])


def _read_csv(path: Path) -> Columns:
    with open(path, encoding='utf-8', errors='surrogateescape', newline='') as file:
        reader = csv.DictReader(file)
        names = [name for name in reader.fieldnames or () if name not in ('path', 'label')]
        rows = list(reader)
    if 'path' not in (reader.fieldnames or ()):
        raise ValueError('it has no column path')
    vectors = np.array([[row[name] for name in names] for row in rows], np.float32)
    labels = [row['label'] for row in rows] if 'label' in (reader.fieldnames or ()) else None
    return [row['path'] for row in rows], vectors.reshape(len(rows), len(names)), labels


WRITERS = {'.npz': _write_npz, '.parquet': _write_parquet, '.csv': _write_csv}
READERS = {'.npz': _read_npz, '.parquet': _read_parquet, '.csv': _read_csv}
