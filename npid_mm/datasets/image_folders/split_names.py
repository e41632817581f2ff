"""Recognize the folders of a split, such as train/ and val/, by their names."""

import re

from npid_mm.images.find_images import folder_list

KINDS = {  # names in lower case, without digits, punctuation and additions
    **dict.fromkeys(('train', 'training', 'trn', 'trainval'), 'train'),
    **dict.fromkeys(('val', 'valid', 'validation', 'validate', 'dev', 'heldout', 'holdout'), 'val'),
    **dict.fromkeys(('eval', 'evaluation', 'evaluate'), 'val'),
    **dict.fromkeys(('test', 'testing', 'tst', 'testdev'), 'test'),
}
ADDITION = re.compile(r'(set|split|data|images?|imgs?|pics|pictures|photos|samples)$')


class AmbiguousFolderError(ValueError):
    """A folder of images that can be read in several ways; the message says what to do."""


def split_kind(folder: str) -> str | None:
    """Return 'train', 'val' or 'test' for the usual names of such folders, None for others."""
    name = re.sub('[^a-z]', '', folder.casefold())
    return KINDS.get(name) or KINDS.get(ADDITION.sub('', name))


def find_split(groups: dict[str, list[str]]) -> tuple[str, str] | None:
    """Find the folders of the training and the held-out images.

    Args:
        groups (dict[str, list[str]]): Paths of the images in each subfolder; '' has the images
            beside the subfolders.

    Returns:
        tuple[str, str] | None: Two of the subfolders, or None if no name belongs to a split.

    Raises:
        AmbiguousFolderError: If a part exists twice or lacks its counterpart, or names resemble
            those of a split.
    """
    kinds = {folder: kind for folder in groups if (kind := split_kind(folder))}
    by_kind = {kind: folder for folder, kind in kinds.items()}
    others = [folder for folder in groups if folder not in kinds]
    if len(by_kind) < len(kinds):
        raise AmbiguousFolderError(
            f'{folder_list(kinds)} name one part of a split twice: keep one train/ and one val/'
        )
    if 'train' in by_kind and len(by_kind) > 1:
        return by_kind['train'], by_kind.get('val') or by_kind['test']
    if len(by_kind) > 1:
        raise AmbiguousFolderError(
            f'{folder_list(kinds)} hold no images to train on: put those into train/, or give the '
            'folder of one of them'
        )
    if kinds and not _is_class(by_kind.get('train'), groups):
        raise AmbiguousFolderError(
            f'{folder_list(kinds)} may be part of a split or a class, beside '
            f'{folder_list(others)}: call the parts of a split train/ and val/, rename a class, or '
            'give the folder of one part'
        )
    words = [{split_kind(word) for word in re.split('[^a-z]+', each.casefold())} for each in others]
    hints = [each - {None} for each in words]
    if not kinds and all(hints) and len(set().union(*hints)) > 1:
        raise AmbiguousFolderError(
            f'{folder_list(others)} may be a split: call them train/ and val/'
        )
    return None


def _is_class(train: str | None, groups: dict[str, list[str]]) -> bool:
    """Return whether a lone train/ is a vehicle: without subfolders, among other classes."""
    if train is None:
        return False
    flat = all(name.split('/')[-2] == train for name in groups[train])
    return flat and len(groups) > 2 and '' not in groups
