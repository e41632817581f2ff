"""Class labels of data sets: one rule for every place that reads them."""

import logging
from collections.abc import Sequence
from os.path import basename, dirname

import numpy as np
import torch
from mmengine.logging import print_log
from mmpretrain.structures import data_sample
from mmpretrain.structures.utils import format_label
from torch import Tensor
from torch.utils.data import Dataset

UNLABELED = (
    'images without labels can be trained, searched and drawn, but not scored: set val_dataloader '
    '= val_evaluator = val_cfg = None and default_hooks.memory_bank.knn_interval = 0'
)


def dataset_labels(
    dataset: Dataset,
    loader: str = 'the data set',
    num_classes: int | None = None,
    setting: str = 'classes of the data set',
) -> Tensor:
    """Class labels (N,) of a data set's instances, on the CPU, each one of its classes.

    Integers of Python and NumPy count, and arrays and tensors that hold one integer.

    Args:
        dataset (Dataset): N instances.
        loader (str): What a message calls the data set, e.g. 'train_dataloader'.
        num_classes (int, optional): C. Defaults to the number of classes that the data set names;
            without names any label of 0 or above is valid.
        setting (str): Where the number of classes comes from, e.g. 'model.head.num_classes'.

    Raises:
        ValueError: A sample has no label or several, or one outside 0 to C - 1.
    """
    if num_classes is None:
        num_classes = len(_named_classes(dataset)) or None
    labels = sample_labels(dataset)
    wrong = [i for i, label in enumerate(labels) if not _is_class(label, num_classes)]
    if wrong:
        first, found = wrong[0], labels[wrong[0]]
        allowed, source = 'of 0 or above', ''
        if num_classes:
            allowed, source = f'in 0..{num_classes - 1}', f' ({setting}: {num_classes})'
        advice = 'labels count from 0: correct the list'
        if num_classes:
            advice += f', or {setting}'
        if found is None:
            advice = UNLABELED
        elif type(found) is not int:
            advice = 'kNN, probes and SVMs of single labels take whole numbers'
        raise ValueError(
            f'{loader} must have one label {allowed} per image{source}, but {len(wrong):,} of its '
            f'{len(labels):,} images do not, the first with gt_label={found!r}: '
            f'{_path(dataset, first)}; {advice}'
        )
    return torch.tensor(labels)


def sample_labels(dataset: Dataset) -> list:
    """``gt_label`` of each of the N instances: an int where it is one, None without a label."""
    return [_plain(dataset.get_data_info(index).get('gt_label')) for index in range(len(dataset))]


def check_same_classes(
    reference: Dataset, reference_name: str, other: Dataset, other_name: str
) -> None:
    """Check that a label means the same class in two data sets.

    Compared are the names of the classes, where both data sets name them, and the folders of the
    images, where each class has one folder of its own. Classes that only ``other`` has images of
    are warned of.

    Args:
        reference (Dataset): Images that a classifier learns from.
        reference_name (str): What a message calls it.
        other (Dataset): Images to classify.
        other_name (str): What a message calls it.

    Raises:
        ValueError: A class has another label in ``other``.
    """
    advice = (
        'give both the same classes: lists of `path label` as ann_file, or the same class '
        'subfolders in both, empty ones included'
    )
    names = [_named_classes(each) for each in (reference, other)]
    if all(names) and names[0] != names[1]:
        first = next(
            i for i in range(max(map(len, names))) if names[0][i : i + 1] != names[1][i : i + 1]
        )
        shown = [repr(each[first]) if first < len(each) else 'missing' for each in names]
        raise ValueError(
            f'{reference_name} and {other_name} must have the same classes, got {len(names[0])} '
            f'and {len(names[1])} of them: class {first} is {shown[0]} in {reference_name} and '
            f'{shown[1]} in {other_name}; {advice}'
        )
    pairs = [_folders_and_labels(each) for each in (reference, other)]
    folders = [_one_to_one(each) for each in pairs]
    for name in sorted(folders[0].keys() & folders[1].keys()):
        labels = [each[name] for each in folders]
        if len(folders[0]) > 1 and labels[0] != labels[1]:
            raise ValueError(
                f'images in a folder {name!r} have label {labels[0]} in {reference_name}, but '
                f'{labels[1]} in {other_name}; {advice}'
            )
    known, asked = ({label for _, label in each} for each in pairs)
    unseen = sorted(asked - known)
    if unseen:
        print_log(
            f'{len(unseen)} of {len(asked)} classes of {other_name} have no image in '
            f'{reference_name}, so that their images count as wrong: {str(unseen[:10])[1:-1]}',
            logger='current',
            level=logging.WARNING,
        )


def _plain(label):
    """A label as an int where it holds one integer, otherwise as it is."""
    if isinstance(label, (np.generic, np.ndarray, Tensor)) and np.asarray(label).size == 1:
        return label.item()
    return label


def _is_class(label, num_classes: int | None) -> bool:
    return type(label) is int and 0 <= label < (num_classes or float('inf'))


def _named_classes(dataset: Dataset) -> Sequence[str]:
    return tuple((getattr(dataset, 'metainfo', None) or {}).get('classes') or ())


def _path(dataset: Dataset, index: int) -> str:
    return dataset.get_data_info(index).get('img_path', f'sample {index}')


def _folders_and_labels(dataset: Dataset) -> set[tuple[str | None, int]]:
    """Every pair of an image's folder, None for images without a file, and its label."""
    pairs = set()
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        path = info.get('img_path')
        pairs.add((path and basename(dirname(path)), _plain(info.get('gt_label'))))
    return pairs


def _one_to_one(pairs: set[tuple[str | None, int]]) -> dict[str | None, int]:
    """Folder -> label, where each has one of the other; else empty."""
    folders = dict(pairs)
    return folders if len(folders) == len(pairs) == len(set(folders.values())) else {}


def _format_label(value):
    return format_label(int(value) if isinstance(value, np.integer) else value)


def accept_numpy_labels() -> None:
    """Let MMPretrain's data samples take the labels of a data frame or an array, np.int64."""
    data_sample.format_label = _format_label
