"""Marks of the page of a report, and lists of the images that remain."""

import csv
from collections.abc import Sequence
from pathlib import Path

from npid_mm.datasets.image_folders.image_list import list_text
from npid_mm.utils.input_files import existing_file
from npid_mm.utils.paths import printable_path

COLUMNS = ('path', 'mark')
MARKS = ('remove', 'keep')


def read_marks(path: str | Path) -> set[str]:
    """Read the images that a file of marks removes.

    Args:
        path (str | Path): A ``.csv`` file with the columns ``path`` and ``mark``, which is 'remove'
            or 'keep'; the page of a report writes it.

    Returns:
        set[str]: Paths as the page shows them.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If it lacks a column, or has another mark.
    """
    existing_file(str(path), 'marks')
    removed = set()
    with open(path, encoding='utf-8', newline='') as file:
        reader = csv.DictReader(file)
        if not set(COLUMNS).issubset(reader.fieldnames or ()):
            raise ValueError(
                f'{path} must have the columns {" and ".join(COLUMNS)}, got {reader.fieldnames}'
            )
        for line in reader:
            if line['mark'] not in MARKS:
                raise ValueError(
                    f'{path} must have the marks {" and ".join(MARKS)}, got {line["mark"]!r} for '
                    f'{line["path"]}'
                )
            if line['mark'] == 'remove':
                removed.add(line['path'])
    return removed


def remaining_list(
    paths: Sequence[str], labels: Sequence[str | None], removed: set[str]
) -> tuple[str, int]:
    """Return the text of a list of the images that are not removed, and their number.

    Args:
        paths (Sequence[str]): N paths.
        labels (Sequence[str | None]): Class of each image. If all have one, its number is in the
            list, in the order of the names.
        removed (set[str]): Images of :func:`read_marks`.

    Returns:
        tuple[str, int]: ``path label`` or ``path`` per line, and the number of lines.

    Raises:
        ValueError: If a removed image is not among the paths, or a list cannot hold a path.
    """
    shown = list(map(printable_path, paths))
    unknown = removed.difference(shown)
    if unknown:
        raise ValueError(
            f'the marks name {len(unknown)} images that are not there, such as {min(unknown)}: '
            'give the index or the run of the page'
        )
    kept = [number for number, name in enumerate(shown) if name not in removed]
    classes = sorted({label for label in labels if label is not None})
    if None in labels:
        classes = []
    known = {paths[number]: labels[number] or '' for number in kept}
    return list_text([paths[number] for number in kept], known, classes), len(kept)
