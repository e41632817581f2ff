"""Write a folder of images as lists of training and held-out images."""

import filecmp
from pathlib import Path

from npid_mm.images.find_images import FoundImages, find_images, folder_list
from npid_mm.utils.atomic_io import write_atomic
from npid_mm.utils.paths import printable_path

from .folder_layout import FolderLayout, read_layout
from .image_list import list_text
from .split_names import AmbiguousFolderError

COMPARED = 50  # held-out images to compare with training images


def split_folder(
    folder: str | Path, out: str | Path, every: int = 5, with_labels: bool = True
) -> list[str]:
    """Write ``train.txt`` and ``val.txt``, lists of a folder's images, to ``out``.

    A line is ``path label`` if the images lie in at least two class subfolders, with none beside
    them, and ``path`` otherwise. Subfolders such as ``train`` and ``val`` are the split; without
    them every ``every``-th image of each class, in the order of the names, goes to ``val.txt``.
    The decisions are printed. See :func:`find_images` and :func:`read_layout` for the rules.

    Args:
        folder (str | Path): The folder.
        out (str | Path): Folder for the two lists.
        every (int): Held-out share, one in ``every``, at least 2.
        with_labels (bool): Take subfolders as classes.

    Returns:
        list[str]: Class names in the order of the labels; empty without labels.

    Raises:
        FileNotFoundError: If the folder is missing or has no image.
        AmbiguousFolderError: If the folders can be read in several ways.
        ValueError: If there are too few images, held-out ones are copies, or a list cannot hold
            the name of one.

    Example:
        >>> split_folder('photographs', 'lists')  # writes lists/train.txt and lists/val.txt
        ['cats', 'dogs']
    """
    if every < 2:
        raise ValueError(f'every must be at least 2, got {every}')
    found, layout = read_folder(folder, with_labels)
    if not layout.held_out:
        hold_out(layout, every)
    if len(layout.train) < 2 or not layout.held_out:
        has = f'{printable_path(found.root)} has {len(layout.train)} and {len(layout.held_out)}'
        needs = 'a split needs at least 2 images to train on and 1 held out'
        raise ValueError('; '.join([f'{needs}, {has}', *found.remarks()]))
    return write_lists(layout, out, found.remarks())


def read_folder(folder: str | Path, with_labels: bool = True) -> tuple[FoundImages, FolderLayout]:
    """Find the images of a folder, their classes and, if its subfolders are one, their split.

    Args:
        folder (str | Path): The folder.
        with_labels (bool): Take subfolders as classes.

    Raises:
        FileNotFoundError: If the folder is missing or has no image.
        AmbiguousFolderError: If the folders can be read in several ways.
        ValueError: If the held-out images are copies of images to train on.
    """
    found = find_images(folder)
    layout = _layout(found.names, with_labels)
    if layout.split:
        _check_copies(found.root, layout, *layout.split)
    return found, layout


def write_lists(layout: FolderLayout, out: str | Path, remarks: list[str]) -> list[str]:
    """Write ``train.txt`` and, if images are held out, ``val.txt``, and print an account.

    Args:
        layout (FolderLayout): Paths of the images and their classes.
        out (str | Path): Folder for the lists.
        remarks (list[str]): Sentences that end the account.

    Returns:
        list[str]: Class names in the order of the labels; empty without labels.

    Raises:
        AmbiguousFolderError: If a class has held-out images only.
        ValueError: If a list cannot hold the name of an image.
    """
    trained, held_out = (
        {layout.labels[name] for name in side if name in layout.labels}
        for side in (layout.train, layout.held_out)
    )
    if held_out - trained:
        raise AmbiguousFolderError(
            f'held-out images are in {folder_list(held_out - trained)}, a class that has no images '
            f'to train on, whose classes are {folder_list(trained)}: give both parts the same '
            'class folders'
        )
    classes = sorted(trained)
    lists = {'train.txt': layout.train, 'val.txt': layout.held_out}
    texts = {file: list_text(names, layout.labels, classes) for file, names in lists.items()}
    for file, text in texts.items():
        if text:
            write_atomic(Path(out) / file, text)
    counts = f'train {len(layout.train):,}, held out {len(layout.held_out):,}'
    named = f'{len(classes)} classes ({folder_list(classes)})' if classes else 'no classes'
    print('; '.join([f'{counts}, {named}', *layout.remarks, *remarks]))
    return classes


def _layout(names: list[str], with_labels: bool) -> FolderLayout:
    """Read the layout; if only its classes are ambiguous, mention the option to skip them."""
    try:
        return read_layout(names, with_labels)
    except AmbiguousFolderError as error:
        if with_labels:
            read_layout(names, with_labels=False)
        raise AmbiguousFolderError(f'{error}; with_labels=False (--no-labels) takes none') from None


def _check_copies(root: str, layout: FolderLayout, train: str, held_out: str) -> None:
    """Refuse a held-out folder that is a copy of the training folder."""
    same = [name.removeprefix(held_out) for name in layout.held_out]
    if not {name.removeprefix(train) for name in layout.train}.issuperset(same):
        return
    chosen = same[:: max(1, len(same) // COMPARED)]
    if all(
        filecmp.cmp(f'{root}/{held_out}{name}', f'{root}/{train}{name}', shallow=False)
        for name in chosen
    ):
        raise ValueError(
            'the held-out images are copies of images to train on, such as '
            f'{printable_path(held_out + same[0])} of {printable_path(train + same[0])}: hold out '
            'other ones'
        )


def hold_out(layout: FolderLayout, every: int) -> None:
    """Hold out every ``every``-th image of each class; at least one image stays on each side."""
    groups: dict[str, list[str]] = {}
    for name in layout.train:
        groups.setdefault(layout.labels.get(name, ''), []).append(name)
    layout.held_out = [name for group in groups.values() for name in group[every - 1 :: every]]
    if not layout.held_out and len(layout.train) > 2:  # two have to stay
        largest = max(groups.values(), key=len)
        if len(groups) > 1 and len(largest) == 1:
            raise ValueError(
                f'each of the {len(groups)} classes has a single image, so that none can be held '
                'out: add images; with_labels=False (--no-labels) takes no classes'
            )
        layout.held_out = largest[-1:]
    held_out = set(layout.held_out)
    layout.train = [name for name in layout.train if name not in held_out]
    layout.remarks.append(f'held out: one image in {every}' + ' of each class' * (len(groups) > 1))
    small = [each for each, group in groups.items() if held_out.isdisjoint(group)]
    if small:
        layout.remarks.append(f'none of {folder_list(small)}, which have fewer than {every} images')
