"""Read classes, and a split into training and held-out images, from the names of folders."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field

from npid_mm.utils.paths import printable_path

from .split_names import AmbiguousFolderError, few, find_split, kind_of

# folders of one data set for different things, seldom classes
CONTENTS = {
    *('image', 'images', 'img', 'imgs', 'jpegimages', 'photos', 'pictures', 'rgb', 'original'),
    *('mask', 'masks', 'label', 'labels', 'annotation', 'annotations', 'segmentation', 'depth'),
    *('segmentationclass', 'segmentationobject', 'groundtruth', 'gt', 'preview', 'previews'),
}
CAMERA_FOLDER = re.compile(r'[1-9]\d\d[A-Z0-9_]{5}')  # 100CANON, 101APPLE, 102_PANA


@dataclass
class FolderLayout:
    """Classes and split of the images of a folder.

    Attributes:
        train (list[str]): Images to train on.
        held_out (list[str]): Images of the held-out folder, empty if there is no such folder.
        labels (dict[str, str]): Class of each image that has one; empty if there are no classes.
        split (tuple[str, str] | None): Folders of the two, each with ``/`` at its end, if any.
        remarks (list[str]): Sentences about what was decided.
    """

    train: list[str]
    held_out: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    split: tuple[str, str] | None = None
    remarks: list[str] = field(default_factory=list)


def read_layout(names: list[str], with_labels: bool = True) -> FolderLayout:
    """Read classes and split from the paths of a folder's images.

    Folders called train and val or test, in the usual spellings, are a split; of val and test, val
    is held out. A class is the folder below those of the split, or else the first one, however deep
    an image lies. There are classes where the images lie in at least two such folders.

    Args:
        names (list[str]): Paths relative to the folder, with ``/``.
        with_labels (bool): Look for classes.

    Raises:
        AmbiguousFolderError: The folders can be read in several ways.
    """
    base = _common_folder(names)
    groups = _groups(names, base)
    split = find_split(groups)
    named = {each: f'{base}{each}/' for each in groups if kind_of(each)}
    if split:
        layout = FolderLayout(*(groups[each] for each in split))
        layout.split = tuple(named[each] for each in split)
        layout.remarks.append(f'held out: {printable_path(layout.split[1])}')
        rest = [
            f'{len(group):,} in {printable_path(f"{base}{each}/") if each else "the folder itself"}'
            for each, group in groups.items()
            if each not in split
        ]
        if rest:
            layout.remarks.append(f'not used: {", ".join(rest)}')
        parts = {name: groups[each] for each, name in named.items()}
    else:
        layout = FolderLayout(names)
        layout.remarks += [f'{printable_path(name)} is taken as a class' for name in named.values()]
        parts = {base: names}
    if with_labels:
        lone = '' if split or any(map(kind_of, base.split('/'))) else base
        used = {named[each] for each in split} if split else {base}
        below = {part: _groups(images, part) for part, images in parts.items()}
        if _has_classes(
            {each: below[each] for each in below if each in used}, lone, layout.remarks
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
    """Look for classes where no split is needed: a folder that is ambiguous has none.

    Args:
        names (list[str]): Paths relative to the folder, with ``/``.

    Returns:
        tuple[dict[str, str], str]: Class of each image that has one, and why there are none where
        there may be some, or ''.
    """
    try:
        return read_layout(names).labels, ''
    except AmbiguousFolderError as error:
        return {}, f'no classes: {error}'


def _common_folder(names: list[str]) -> str:
    """The deepest folder, with ``/`` behind it, that all images lie in; '' if it is the root."""
    base = ''
    while len(groups := _groups(names, base)) == 1 and '' not in groups:
        base += next(iter(groups)) + '/'
    return base


def _groups(names: list[str], base: str) -> dict[str, list[str]]:
    """The images below ``base`` by the folder that they lie in there, '' for ``base`` itself."""
    groups = {}
    for name in names:
        folder, slash, _ = name[len(base) :].partition('/')
        groups.setdefault(folder if slash else '', []).append(name)
    return groups


def _has_classes(parts: dict[str, dict[str, list[str]]], lone: str, remarks: list[str]) -> bool:
    """Tell whether the subfolders of the parts of a split are classes.

    Args:
        parts: Images by subfolder, for each part.
        lone: A folder that all images lie in, if the user has named another one above it.
        remarks: Gets a sentence where they are not.

    Raises:
        AmbiguousFolderError: They may be.
    """
    classes = sorted({each for groups in parts.values() for each in groups if each})
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
                f'all images lie in {where}, whose folders {few(inside)} may be classes: leave '
                f'{few(classes)} out between them and the folder that you give'
            )
        return False
    if all(map(CAMERA_FOLDER.fullmatch, classes)):
        remarks.append(f'{few(classes)} are folders of a camera, not classes')
        return False
    if lone:
        raise AmbiguousFolderError(
            f'all images lie in {printable_path(lone)}, whose folders {few(classes)} may be '
            'classes: give that folder if they are'
        )
    if all('' not in groups and all(map(kind_of, groups)) for groups in deeper):
        raise AmbiguousFolderError(
            f'{few(classes)} have folders of a split in them: put the split above the classes, '
            'train/CLASS/ and val/CLASS/'
        )
    contents = [each for each in classes if _plain(each).replace('_', '') in CONTENTS]
    if contents:
        raise AmbiguousFolderError(
            f'{few(contents)} among {few(classes)} may be a part of a data set and not a class: '
            'give the folder of the images alone, or rename a class'
        )
    plain = Counter(map(_plain, classes))
    alike = [each for each in classes if plain[_plain(each)] > 1]
    if alike:
        raise AmbiguousFolderError(
            f'{few(alike)} differ in case, accents or spaces alone: join or rename them'
        )
    for part, groups in parts.items():
        if '' in groups:
            raise AmbiguousFolderError(
                f'{len(groups[""]):,} of the images in {printable_path(part) or "the folder"} lie '
                f'outside of the class folders {few(classes)}, the first: '
                f'{printable_path(groups[""][0])}: move them into one, or away'
            )
    return True


def _plain(name: str) -> str:
    """A name as a disk without case may take it."""
    return unicodedata.normalize('NFKC', name).casefold().strip(' .')
