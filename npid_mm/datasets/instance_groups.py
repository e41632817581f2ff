"""Read groups of copies from a table, and match them with the images of a training set."""

import csv
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from mmengine.logging import print_log
from torch.utils.data import Dataset

from npid_mm.utils.input_files import existing_file

from .image_names import image_names

COLUMNS = ('path', 'group')


def set_groups(head: Any, dataset: Dataset) -> None:
    """Resolve the ``groups`` of a head to instances of the training set, if it has any.

    Args:
        head (InstanceHead): The head.
        dataset (Dataset): The training set.

    Raises:
        FileNotFoundError: If the table does not exist.
        ValueError: If the table lacks a column, none of its images is in the training set, the
            images have no paths, or an instance is out of range.
    """
    groups = getattr(head, 'groups', None)
    if groups is None:
        return
    if isinstance(groups, str):
        names = image_names(dataset)
        if names is None:
            raise ValueError(
                f'head.groups={groups} needs images with paths, and those of the training set '
                'have none: give the instances of each group'
            )
        groups = read_groups(groups, names)
    head.set_groups(groups, len(dataset))
    count = sum(map(len, groups))
    print_log(f'{len(groups)} groups of {count} copies are not negatives of one another', 'current')


def read_groups(path: str, names: Sequence[str]) -> list[list[int]]:
    """Read the groups of a table whose paths end in the names of images.

    Args:
        path (str): A ``.csv`` file with the columns ``path`` and ``group``, as ``npid curate``
            writes it. Lines without a group, and images that are not among ``names``, are ignored.
        names (Sequence[str]): N names, relative to any folder.

    Returns:
        list[list[int]]: Positions among the names, of each group with at least two of them.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If it lacks a column, two of its paths have one name, or none has a name.
    """
    position = {name: number for number, name in enumerate(names)}
    groups: dict[str, list[int]] = {}
    first: dict[int, str] = {}
    existing_file(path, 'head.groups')
    with open(path, encoding='utf-8', errors='surrogateescape', newline='') as file:
        reader = csv.DictReader(file)
        if not set(COLUMNS).issubset(reader.fieldnames or ()):
            raise ValueError(
                f'head.groups={path} must have the columns {" and ".join(COLUMNS)}, as the .csv '
                f'files of npid curate, got {reader.fieldnames}'
            )
        for line in reader:
            number = _find(line['path'], position)
            if number is None:
                continue
            if first.setdefault(number, line['path']) != line['path']:
                raise ValueError(
                    f'head.groups={path} has two paths of the image {names[number]}, '
                    f'{first[number]} and {line["path"]}: leave one out'
                )
            if line['group']:
                groups.setdefault(line['group'], []).append(number)
    if not first:
        raise ValueError(
            f'head.groups={path} has none of the {len(names)} training images, such as {names[0]}: '
            'make it from an index of these images'
        )
    return [group for group in groups.values() if len(group) > 1]


def _find(path: str, position: dict[str, int]) -> int | None:
    """Return the position of the longest name that a path ends in."""
    parts = PurePath(path).parts
    ends = ('/'.join(parts[start:]) for start in range(len(parts)))
    return next((position[end] for end in (path, *ends) if end in position), None)
