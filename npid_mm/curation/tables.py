"""Write the columns of a report as a table."""

import csv
from pathlib import Path

from npid_mm.extras import optional_module
from npid_mm.utils.atomic_io import atomic_path

TYPES = {
    'group': 'int64',
    'cluster': 'int64',
    'subset': 'int64',
    'leak': 'bool_',
    **dict.fromkeys(('cosine', 'pixels', 'own_probability', 'outlier', 'doubt'), 'float64'),
}  # of pyarrow; text for all others


def write_table(columns: dict[str, list], out: Path) -> None:
    """Write columns to a ``.csv`` or a ``.parquet`` file, complete or not at all.

    A missing value is the empty text, and null in a ``.parquet`` file.

    Args:
        columns (dict[str, list]): Columns of a :class:`~npid_mm.curation.Report`.
        out (Path): File to write.

    Raises:
        MissingExtraError: If ``out`` ends in ``.parquet`` and pyarrow is not installed.
    """
    write = _write_parquet if out.suffix.lower() == '.parquet' else _write_csv
    with atomic_path(out, keep_suffix=True) as unfinished:
        write(columns, unfinished)


def _write_csv(columns: dict[str, list], path: Path) -> None:
    with open(path, 'w', encoding='utf-8', errors='surrogateescape', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def _write_parquet(columns: dict[str, list], path: Path) -> None:
    arrow = optional_module('pyarrow', 'a .parquet file')
    arrays = {
        name: arrow.array(values, getattr(arrow, TYPES.get(name, 'string'))())
        for name, values in columns.items()
    }
    optional_module('pyarrow.parquet', 'a .parquet file').write_table(arrow.table(arrays), path)
