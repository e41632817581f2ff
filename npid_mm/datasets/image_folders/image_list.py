"""Read and write lists of images, `path label` per line, and take subsets of them."""

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from torchvision.datasets.folder import IMG_EXTENSIONS, find_classes, make_dataset

from npid_mm.images.find_images import is_clutter
from npid_mm.utils.paths import UNWRITABLE, printable_path

LABEL = re.compile('-?[0-9]+')
MAX_CLASSES = 1_000_000  # evaluations keep a score for each label up to the largest


def list_lines(path: str | Path) -> list[str]:
    r"""Read the lines of a list as MMPretrain does, where only ``\n`` and ``\r\n`` end a line.

    Raises:
        ValueError: If the list is not UTF-8.
    """
    try:
        text = Path(path).read_text(encoding='utf-8')
    except UnicodeDecodeError as error:
        line, byte = error.object[: error.start].count(b'\n') + 1, error.object[error.start]
        raise ValueError(
            f'{path} must be UTF-8, but line {line} has the byte 0x{byte:02x}: save it as UTF-8'
        ) from error
    return text.removesuffix('\n').split('\n') if text else []


def parse_line(line: str) -> tuple[str, str | None]:
    """Split a line into path and label as MMPretrain does; a missing label is None."""
    path, _, label = line.strip().rpartition(' ')
    return (path, label) if path else (label, None)


def listed_path(line: str) -> str:
    """Path of a line with or without a label, which is a number after the last space."""
    path, label = parse_line(line)
    return path if LABEL.fullmatch(label or '') else line.strip()


def list_text(names: list[str], labels: dict[str, str], classes: list[str]) -> str:
    """Text of a list: `path label` per line, or `path` without classes.

    Args:
        names (list[str]): Paths.
        labels (dict[str, str]): Class of each path, if there are classes.
        classes (list[str]): Class names in the order of their labels.

    Raises:
        ValueError: If a list cannot hold one of the paths.
    """
    unfit = [name for name in names if UNWRITABLE.search(name)]
    if unfit:
        raise ValueError(
            f'a list of images cannot hold names with line breaks or bytes that are not UTF-8; '
            f'{len(unfit):,} here have, the first: {printable_path(unfit[0])}: '
            'rename them (convmv converts names to UTF-8)'
        )
    # MMPretrain strips white space before a path, and readers of text a byte order mark
    lines = [f'./{name}' if name[0].isspace() or name[0] == '\ufeff' else name for name in names]
    if classes:
        label = {name: str(number) for number, name in enumerate(classes)}
        lines = [f'{line} {label[labels[name]]}' for line, name in zip(lines, names, strict=True)]
    return ''.join(f'{line}\n' for line in lines)


def read_image_list(path: str | Path) -> list[tuple[str, int]]:
    """Read a list as (path, label) pairs.

    Raises:
        ValueError: If a line has no label, or the list is not UTF-8.
    """
    entries = []
    for number, line in enumerate(list_lines(path), 1):
        image, label = parse_line(line)
        if label is None or not label.isdecimal():
            raise ValueError(f'{path} must have `path label` in line {number}, got {line!r}')
        entries.append((image, int(label)))
    return entries


def class_folder_list(folder: str | Path) -> list[tuple[str, int]]:
    """(path, label) of all images in class folders, paths relative to ``folder``.

    Labels and order are those of torchvision's ``ImageFolder``: folders by name, then files by
    name. For ImageNet this is the usual order of the sorted WNIDs.

    Raises:
        FileNotFoundError: If the folder or its class folders are missing, or a class folder has no
            image.
        ValueError: If ``ImageFolder`` would take a hidden file or a thumbnail for an image.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f'no folder at {folder}')
    _, classes = find_classes(folder)
    found = make_dataset(folder, classes, extensions=IMG_EXTENSIONS)
    entries = [(Path(path).relative_to(folder).as_posix(), label) for path, label in found]
    clutter = [path for path, _ in entries if is_clutter(path)]
    if clutter:
        raise ValueError(
            f'{folder} must hold images alone, but {len(clutter):,} are hidden files, or lie in '
            f'hidden or system folders, the first: {printable_path(clutter[0])}: delete them'
        )
    return entries


def sample_subset(entries: list[tuple[str, int]], percent: int, seed: int) -> list[tuple[str, int]]:
    """Sample ``percent`` of each class, at least one image, in the order of ``entries``.

    With equal seeds, a smaller subset is part of a larger one.

    Raises:
        ValueError: If ``percent`` is outside 1..99.
    """
    if not 1 <= percent <= 99:
        raise ValueError(f'percent must be in 1..99, got {percent}')
    positions: dict[int, list[int]] = {}
    for position, (_, label) in enumerate(entries):
        positions.setdefault(label, []).append(position)
    chosen = []
    for label, candidates in positions.items():
        order = np.random.default_rng([seed, label]).permutation(candidates)
        chosen += order[: max(1, round(len(order) * percent / 100))].tolist()
    return [entries[position] for position in sorted(chosen)]


def named_subset(entries: list[tuple[str, int]], names: Iterable[str]) -> list[tuple[str, int]]:
    """Select the entries with these file names, in the order of the names.

    Args:
        entries (list[tuple[str, int]]): The whole list.
        names (Iterable[str]): File names without folders, such as ``n01440764_10074.JPEG``.

    Raises:
        ValueError: If ``names`` is empty, or a name fits no entry or several.
    """
    by_name: dict[str, list[tuple[str, int]]] = {}
    for entry in entries:
        by_name.setdefault(Path(entry[0]).name, []).append(entry)
    names = [name.strip() for name in names if name.strip()]
    if not names:
        raise ValueError('a list of a subset must name at least one image, got none')
    for count, what in ((0, 'are not in the whole list'), (2, 'are there more than once')):
        wrong = [name for name in names if min(len(by_name.get(name, ())), 2) == count]
        if wrong:
            raise ValueError(f'{len(wrong)} of {len(names)} names {what}, the first: {wrong[0]}')
    return [by_name[name][0] for name in names]
