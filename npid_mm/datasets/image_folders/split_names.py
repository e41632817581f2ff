"""Recognize the folders of a split, such as train/ and val/, by their names."""

import re
from collections.abc import Iterable

from npid_mm.utils.paths import printable_path

KINDS = {  # without case, digits, punctuation and additions
    **dict.fromkeys(('train', 'training', 'trn', 'trainval'), 'train'),
    **dict.fromkeys(('val', 'valid', 'validation', 'validate', 'dev', 'heldout', 'holdout'), 'val'),
    **dict.fromkeys(('eval', 'evaluation', 'evaluate'), 'val'),
    **dict.fromkeys(('test', 'testing', 'tst', 'testdev'), 'test'),
}
ADDITION = re.compile(r'(set|split|data|images?|imgs?|pics|pictures|photos|samples)$')
SHOWN = 5  # names in a message


class AmbiguousFolderError(ValueError):
    """Folders of images that can be read in several ways; the message says what to do."""


def kind_of(folder: str) -> str | None:
    """Return 'train', 'val' or 'test' for the usual names of such folders, None for others."""
    name = re.sub('[^a-z]', '', folder.casefold())
    return KINDS.get(name) or KINDS.get(ADDITION.sub('', name))


def find_split(groups: dict[str, list[str]]) -> tuple[str, str] | None:
    """Find the folders to train on and to hold out.

    Args:
        groups (dict[str, list[str]]): Subfolders with the paths of all images in each; '' has the
            images beside the subfolders.

    Returns:
        tuple[str, str] | None: Two of the subfolders; None if none is called as a part of a split.

    Raises:
        AmbiguousFolderError: There are several of a kind, parts without their counterpart, or
            names that resemble those of a split.
    """
    kinds = {folder: kind_of(folder) for folder in groups if kind_of(folder)}
    of_kind = {kind: folder for folder, kind in kinds.items()}
    others = [folder for folder in groups if folder not in kinds]
    if len(of_kind) < len(kinds):
        raise AmbiguousFolderError(
            f'{few(kinds)} name one part of a split twice: keep one train/ and one val/'
        )
    if 'train' in of_kind and len(of_kind) > 1:
        return of_kind['train'], of_kind.get('val') or of_kind['test']
    if len(of_kind) > 1:
        raise AmbiguousFolderError(
            f'{few(kinds)} hold no images to train on: put those into train/, or give the folder '
            'of one of them'
        )
    if kinds and not _is_class(of_kind.get('train'), groups):
        raise AmbiguousFolderError(
            f'{few(kinds)} may be part of a split or a class, beside {few(others)}: call the parts '
            'of a split train/ and val/, rename a class, or give the folder of one part'
        )
    words = [{kind_of(word) for word in re.split('[^a-z]+', each.casefold())} for each in others]
    hints = [each - {None} for each in words]
    if not kinds and all(hints) and len(set().union(*hints)) > 1:
        raise AmbiguousFolderError(f'{few(others)} may be a split: call them train/ and val/')
    return None


def _is_class(train: str | None, groups: dict[str, list[str]]) -> bool:
    """Tell whether a lone train/ is a vehicle: a folder without subfolders, among classes."""
    flat = all(name.split('/')[-2] == train for name in groups.get(train, ()))
    return train is not None and flat and len(groups) > 2 and '' not in groups


def few(names: Iterable[str]) -> str:
    """The first folders of several, in a message."""
    shown = [f'{printable_path(name)}/' if name else 'images' for name in sorted(names)]
    return ', '.join(shown[:SHOWN]) + (f' and {len(shown) - SHOWN} more' if shown[SHOWN:] else '')
