"""Find the images that a user names: folders, image files, and lists of images in files."""

import csv
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from npid_mm.images.find_images import find_images
from npid_mm.utils.paths import printable_path

from .folder_layout import folder_classes
from .folder_split import read_folder
from .image_list import LABEL, list_lines, parse_line

Source = str | os.PathLike
LISTS = ('.txt', '.csv')
SHOWN = 5  # columns in a message


@dataclass
class NamedImages:
    """Images in the order in which a user named them.

    Attributes:
        paths (list[str]): Absolute paths.
        labels (list[str | None]): Class of each image.
        held_out (list[bool]): The images that the folders of a split hold out.
        remarks (list[str]): Decisions, in sentences.
    """

    paths: list[str] = field(default_factory=list)
    labels: list[str | None] = field(default_factory=list)
    held_out: list[bool] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def add(self, paths: list[str], labels: list[str | None], held_out: int = 0) -> None:
        """Add images, of which the last ``held_out`` are held out."""
        self.paths += paths
        self.labels += labels
        self.held_out += [False] * (len(paths) - held_out) + [True] * held_out


def named_images(
    images: Source | Iterable[Source], training: bool = False, with_labels: bool = True
) -> NamedImages:
    """Find images; several folders, files and lists are joined in their order.

    - A folder gives the images in it and its subfolders, see :func:`find_images`. Subfolders may be
      classes, see :func:`read_layout`.
    - A ``.txt`` file gives one image per line, ``path`` or ``path label`` with a whole number.
    - A ``.csv`` file gives the images of its column ``path``, with the classes of its column
      ``label`` if there is one. A file with one column needs no header.
    - Any other file is an image.

    Paths in a file start from its folder.

    Args:
        images (str | PathLike | Iterable[str | PathLike]): Folders, images or lists.
        training (bool): Take the folders of a split apart, and refuse ambiguous folders. Otherwise
            all images are found, and those of an ambiguous folder have no class.
        with_labels (bool): Look for classes.

    Raises:
        TypeError: If ``images`` is neither a path nor several.
        FileNotFoundError: If a folder or an image is missing, or a folder has no image.
        AmbiguousFolderError: If a folder can be read in several ways, in training.
        ValueError: If no image is named, or a list has a wrong line.
    """
    if isinstance(images, (str, os.PathLike)):
        images = [images]
    elif not isinstance(images, Iterable):
        raise _wrong(images)
    found = NamedImages()
    missing: list[tuple[int, str]] = []
    for position, source in enumerate(images, 1):
        if not isinstance(source, (str, os.PathLike)):
            raise _wrong(source)
        path = os.path.abspath(os.fspath(source))
        mode = _mode(path)
        if stat.S_ISDIR(mode):
            _add_folder(found, path, training, with_labels)
        elif stat.S_ISREG(mode) and Path(path).suffix.lower() in LISTS:
            paths, labels = _read_list(Path(path))
            found.add(paths, labels if with_labels else [None] * len(paths))
        else:
            found.add([path], [None])
            if not mode:
                missing.append((position, path))
    if not found.paths:
        raise ValueError('images must name at least one image, got none')
    if missing:
        raise _missing('images', 'at position', missing, len(found.paths))
    return found


def _add_folder(found: NamedImages, path: str, training: bool, with_labels: bool) -> None:
    """Add the images of a folder."""
    if not training:
        folder = find_images(path)
        classes, remark = folder_classes(folder.names) if with_labels else ({}, '')
        found.add(folder.paths, [classes.get(name) for name in folder.names])
        found.remarks += [*filter(None, [remark]), *folder.remarks()]
        return
    folder, layout = read_folder(path, with_labels)
    names = [*layout.train, *layout.held_out]
    paths = [os.path.join(folder.root, name) for name in names]
    found.add(paths, [layout.labels.get(name) for name in names], len(layout.held_out))
    found.remarks += [*layout.remarks, *folder.remarks()]


def _read_list(path: Path) -> tuple[list[str], list[str | None]]:
    """Read a list of images: absolute paths and classes.

    Raises:
        FileNotFoundError: If images are missing.
        ValueError: If it has a wrong line, or only some lines have a label.
    """
    lines = list_lines(path)
    if lines:
        lines[0] = lines[0].removeprefix('\ufeff')
    read = _csv_rows if path.suffix.lower() == '.csv' else _text_rows
    rows = [(number, name, label) for number, name, label in read(lines, path) if name]
    without = [number for number, _, label in rows if not label]
    if without and len(without) < len(rows):
        raise ValueError(
            f'{printable_path(path)} must have a label in each line or in none, got none in line '
            f'{without[0]} ({len(without):,} of {len(rows):,} lines)'
        )
    folder = os.path.dirname(path)
    paths = [os.path.join(folder, name) for _, name, _ in rows]
    missing = [
        (number, file)
        for (number, *_), file in zip(rows, paths, strict=True)
        if not os.path.isfile(file)
    ]
    if missing:
        raise _missing(printable_path(path), 'in line', missing, len(rows))
    return paths, [label or None for _, _, label in rows]


Rows = Iterable[tuple[int, str, str]]  # number of the line, path, label or ''


def _text_rows(lines: list[str], path: Path) -> Rows:
    for number, line in enumerate(lines, 1):
        name, label = parse_line(line)
        labeled = LABEL.fullmatch(label or '')
        yield (number, name, label or '') if labeled else (number, line.strip(), '')


def _csv_rows(lines: list[str], path: Path) -> Rows:
    reader = csv.reader(lines)
    rows = [(reader.line_num, row) for row in reader if any(row)]
    header = [name.strip().lower() for name in rows[0][1]] if rows else []
    if 'path' in header:
        del rows[0]
    elif any(len(row) > 1 for _, row in rows):
        columns = ', '.join(header[:SHOWN]) + ', ...' * (len(header) > SHOWN)
        raise ValueError(
            f'{printable_path(path)} must have a column called path in its first line, and may '
            f'have one called label, got the columns {columns}'
        )
    else:
        header = ['path']
    for number, row in rows:
        values = dict(zip(header, row, strict=False))
        yield number, values.get('path', '').strip(), values.get('label', '').strip()


def _mode(path: str) -> int:
    """Return the mode of what is at a path, 0 if nothing is."""
    try:
        return os.stat(path).st_mode
    except OSError:
        return 0


def _wrong(value: object) -> TypeError:
    return TypeError(
        'images must be a folder, a list of images in a .txt or .csv file, an image file, or '
        f'several of these, got {type(value).__name__}'
    )


def _missing(
    what: str, where: str, missing: list[tuple[int, str]], count: int
) -> FileNotFoundError:
    number, path = missing[0]
    return FileNotFoundError(
        f'{what} must exist, but {len(missing):,} of {count:,} are not there, the first: '
        f'{printable_path(path)} {where} {number}'
    )
