"""Read and check the class labels of data sets."""

import logging
from os.path import basename, dirname
from typing import Any

import numpy as np
import torch
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log
from mmpretrain.structures import data_sample
from mmpretrain.structures.utils import format_label
from torch import Tensor

from npid_mm.datasets.image_folders.image_list import MAX_CLASSES

UNLABELED = (
    'images without labels can be trained, searched and drawn, but not scored: train with '
    '--no-validate, or set val_dataloader = val_evaluator = val_cfg = None and '
    'default_hooks.memory_bank.knn_interval = 0'
)


def dataset_labels(
    dataset: BaseDataset,
    loader: str = 'the data set',
    num_classes: int | None = None,
    setting: str = 'classes of the data set',
) -> Tensor:
    """Class labels (N,) of a data set, on the CPU, each checked to be one of its classes.

    Valid are integers of Python and NumPy, and arrays and tensors that hold one integer.

    Args:
        dataset (BaseDataset): N instances.
        loader (str): Name of the data set in a message, e.g. 'train_dataloader'.
        num_classes (int, optional): C. Defaults to the number of classes that the data set names;
            without names labels below 1,000,000 are valid.
        setting (str): Source of the number of classes, e.g. 'model.head.num_classes'.

    Raises:
        ValueError: If a sample has no label, several, or one outside 0 to C - 1.
    """
    if num_classes is None:
        num_classes = len(_class_names(dataset)) or None
    labels = sample_labels(dataset)
    top = num_classes or MAX_CLASSES
    wrong = [i for i, label in enumerate(labels) if type(label) is not int or not 0 <= label < top]
    if wrong:
        first, found = wrong[0], labels[wrong[0]]
        allowed, source = f'in 0..{top - 1}', ''
        advice = 'labels count from 0: correct the list'
        if num_classes:
            source = f' ({setting}: {num_classes})'
            advice += f', or {setting}'
        if found is None:
            advice = UNLABELED
        elif type(found) is not int:
            advice = 'kNN, probes and SVMs of single labels take whole numbers'
        path = dataset.get_data_info(first).get('img_path', f'sample {first}')
        raise ValueError(
            f'{loader} must have one label {allowed} per image{source}, but {len(wrong):,} of its '
            f'{len(labels):,} images do not, the first with gt_label={found!r}: {path}; {advice}'
        )
    return torch.tensor(labels)


def sample_labels(dataset: BaseDataset) -> list:
    """``gt_label`` of each of the N instances: an int if it is one, None without a label."""
    return [_plain(dataset.get_data_info(index).get('gt_label')) for index in range(len(dataset))]


def check_same_classes(
    reference: BaseDataset, reference_name: str, other: BaseDataset, other_name: str
) -> None:
    """Check that a label means the same class in two data sets.

    Compares the names of the classes, if both data sets have them, and the folders of the images,
    if each class has one folder. Classes without images in ``reference`` are warned of.

    Args:
        reference (BaseDataset): Images that a classifier learns from.
        reference_name (str): Its name in a message.
        other (BaseDataset): Images to classify.
        other_name (str): Its name in a message.

    Raises:
        ValueError: If a class has another label in ``other``.
    """
    advice = (
        'give both the same classes: lists of `path label` as ann_file, or the same class '
        'subfolders in both, empty ones included'
    )
    names = [_class_names(each) for each in (reference, other)]
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
    for name in sorted(folders[0].keys() & folders[1].keys(), key=str):
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


def _plain(label: Any) -> Any:
    """Convert an array or tensor of one element to a Python number."""
    if isinstance(label, (np.generic, np.ndarray, Tensor)) and np.asarray(label).size == 1:
        return label.item()
    return label


def _class_names(dataset: BaseDataset) -> tuple[str, ...]:
    return tuple((getattr(dataset, 'metainfo', None) or {}).get('classes') or ())


def _folders_and_labels(dataset: BaseDataset) -> set[tuple[str | None, int]]:
    """All pairs of an image's folder, None for images without a file, and its label."""
    pairs = set()
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        path = info.get('img_path')
        pairs.add((path and basename(dirname(path)), _plain(info.get('gt_label'))))
    return pairs


def _one_to_one(pairs: set[tuple[str | None, int]]) -> dict[str, int]:
    """Return {folder: label} if they are one to one, else {}."""
    folders = dict(pairs)
    one_to_one = len(folders) == len(pairs) == len(set(folders.values()))
    return (
        {name: label for name, label in folders.items() if name is not None} if one_to_one else {}
    )


def accept_numpy_labels() -> None:
    """Make MMPretrain's data samples accept NumPy integers as labels."""

    def format_any(value: Any) -> Tensor:
        return format_label(int(value) if isinstance(value, np.integer) else value)

    data_sample.format_label = format_any
