"""Read classes and the split into training and held-out images from the names of folders."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field

from npid_mm.images.find_images import folder_list
from npid_mm.utils.paths import printable_path

from .split_names import AmbiguousFolderError, find_split, split_kind

# names of folders for the parts of one data set, seldom of classes
CONTENTS = {
    *('image', 'images', 'img', 'imgs', 'jpegimages', 'photos', 'pictures', 'rgb', 'original'),
    *('mask', 'masks', 'label', 'labels', 'annotation', 'annotations', 'segmentation', 'depth'),
    *('segmentationclass', 'segmentationobject', 'groundtruth', 'gt', 'preview', 'previews'),
}
NUMBERED_PART = re.compile(r'(fold|part|split|subset|set|batch|chunk|shard)[-_ ]?\d+', re.I)
CAMERA_FOLDER = re.compile(r'[1-9]\d\d[A-Z0-9_]{5}')  # 100CANON, 101APPLE, 102_PANA


@dataclass
class FolderLayout:
    """Classes and split of the images of a folder.

    Attributes:
        train (list[str]): Training images.
        held_out (list[str]): Held-out images, empty without a split.
        labels (dict[str, str]): Class of each image that has one; empty without classes.
        split (tuple[str, str] | None): Folders of ``train`` and ``held_out``, ending in ``/``.
        remarks (list[str]): Decisions, in sentences.
    """

    train: list[str]
    held_out: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    split: tuple[str, str] | None = None
    remarks: list[str] = field(default_factory=list)


def read_layout(names: list[str], with_labels: bool = True) -> FolderLayout:
    """Read classes and split from the paths of a folder's images.

    Folders called train and val or test, in the usual spellings, are a split; of val and test, val
    is held out. The class of an image is its folder below those of the split, or its first folder,
    however deep the image lies. There are classes if there are at least two such folders.

    Args:
        names (list[str]): Paths relative to the folder, with ``/``.
        with_labels (bool): Look for classes.

    Raises:
        AmbiguousFolderError: If the folders can be read in several ways.
    """
    base = _common_folder(names)
    groups = _groups(names, base)
    split = find_split(groups)
    named = {each: f'{base}{each}/' for each in groups if split_kind(each)}
    if split:
        train, held_out = split
        layout = FolderLayout(
            groups[train], groups[held_out], split=(named[train], named[held_out])
        )
        layout.remarks.append(f'held out: {printable_path(named[held_out])}')
        unused = [
            f'{len(group):,} in '
            + (printable_path(f'{base}{each}/') if each else 'the folder itself')
            for each, group in groups.items()
            if each not in split
        ]
        if unused:
            layout.remarks.append(f'not used: {", ".join(unused)}')
        parts = {name: groups[each] for each, name in named.items()}
        used, lone = {named[train], named[held_out]}, ''
    else:
        layout = FolderLayout(names)
        layout.remarks += [f'{printable_path(name)} is taken as a class' for name in named.values()]
        parts, used = {base: names}, {base}
        lone = '' if any(map(split_kind, base.split('/'))) else base
    if with_labels:
        below = {part: _groups(images, part) for part, images in parts.items()}
        if _has_classes(
            {part: below[part] for part in below if part in used}, lone, layout.remarks
        ):
            layout.labels = {
                name: each
                for groups in below.values()
                if '' not in groups
                for each, group in groups.items()
                for name in group
            }
    return layout


def folder_classes(names: list[str]) -> tuple[dict[str, str], str]:
    """Look for classes where no split is needed; an ambiguous folder has none.

    Args:
        names (list[str]): Paths relative to the folder, with ``/``.

    Returns:
        tuple[dict[str, str], str]: Class of each image that has one, and for an ambiguous folder
        the reason, else ''.
    """
    try:
        return read_layout(names).labels, ''
    except AmbiguousFolderError as error:
        return {}, f'no classes: {error}'


def _common_folder(names: list[str]) -> str:
    """Deepest folder of all images, ending in ``/``; '' for the root."""
    base = ''
    while len(groups := _groups(names, base)) == 1 and '' not in groups:
        base += next(iter(groups)) + '/'
    return base


def _groups(names: list[str], base: str) -> dict[str, list[str]]:
    """Group the images below ``base`` by their folder there, '' for ``base`` itself."""
    groups: dict[str, list[str]] = {}
    for name in names:
        folder, slash, _ = name[len(base) :].partition('/')
        groups.setdefault(folder if slash else '', []).append(name)
    return groups


def _has_classes(parts: dict[str, dict[str, list[str]]], lone: str, remarks: list[str]) -> bool:
    """Return whether the subfolders of the parts of a split are classes.

    Args:
        parts: Images by subfolder, for each part.
        lone: Folder of all images below the one that the user gave, if any.
        remarks: Receives a sentence if they are not classes.

    Raises:
        AmbiguousFolderError: If they may be.
    """
    classes = sorted({each for groups in parts.values() for each in groups if each})
    shown = folder_list(classes)
    deeper = [
        _groups(images, f'{part}{each}/')
        for part, groups in parts.items()
        for each, images in groups.items()
        if each
    ]
    if len(classes) < 2:
        inside = {each for groups in deeper for each in groups if each}
        if len(inside) > 1:
            where = ' and '.join(printable_path(f'{part}{classes[0]}/') for part in parts)
            raise AmbiguousFolderError(
                f'all images lie in {where}, whose folders {folder_list(inside)} may be classes: '
                f'leave {shown} out between them and the folder that you give'
            )
        return False
    if all(map(CAMERA_FOLDER.fullmatch, classes)):
        remarks.append(f'{shown} are folders of a camera, not classes')
        return False
    if lone:
        raise AmbiguousFolderError(
            f'all images lie in {printable_path(lone)}, whose folders {shown} may be classes: '
            'give that folder if they are'
        )
    if all('' not in groups and all(map(split_kind, groups)) for groups in deeper):
        raise AmbiguousFolderError(
            f'{shown} have folders of a split in them: put the split above the classes, '
            'train/CLASS/ and val/CLASS/'
        )
    below = {frozenset(groups) for groups in deeper}
    if all(map(NUMBERED_PART.fullmatch, classes)) and len(below) == 1 and '' not in deeper[0]:
        raise AmbiguousFolderError(
            f'{shown} have the same folders {folder_list(next(iter(below)))} in them, which may be '
            'the classes: put the images of a class into one folder, or give one of the parts'
        )
    contents = [each for each in classes if _folded(each).replace('_', '') in CONTENTS]
    if contents:
        raise AmbiguousFolderError(
            f'{folder_list(contents)} among {shown} may be a part of a data set and not a class: '
            'give the folder of the images alone, or rename a class'
        )
    folded = Counter(map(_folded, classes))
    alike = [each for each in classes if folded[_folded(each)] > 1]
    if alike:
        raise AmbiguousFolderError(
            f'{folder_list(alike)} differ in case, accents or spaces alone: join or rename them'
        )
    for part, groups in parts.items():
        if '' in groups:
            raise AmbiguousFolderError(
                f'{len(groups[""]):,} of the images in {printable_path(part) or "the folder"} lie '
                f'outside the class folders {shown}, the first: {printable_path(groups[""][0])}: '
                'move them into one, or away'
            )
    return True


def _folded(name: str) -> str:
    """Fold a name as a disk that ignores case may do."""
    return unicodedata.normalize('NFKC', name).casefold().strip(' .')
