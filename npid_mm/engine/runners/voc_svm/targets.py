"""Targets of the VOC07 SVMs, from the labels of a data set."""

import torch
from mmengine.dataset import BaseDataset
from torch import Tensor

from npid_mm.utils.text import preview


def svm_targets(dataset: BaseDataset) -> Tensor:
    """Convert VOC labels to the targets (N, C) of :func:`npid_mm.evaluation.voc_svm`.

    The labels of a class are 1 for present, 0 for difficult objects only, and -1 for absent. The
    targets are 1 for present, -1 for difficult, and 0 for absent.

    Raises:
        ValueError: If a sample has other labels.
    """
    names = dataset.metainfo.get('classes') or ()
    found = [dataset.get_data_info(index).get('gt_label') for index in range(len(dataset))]
    for index, label in enumerate(found):
        fits = isinstance(label, (list, tuple)) and len(label) == len(names)
        if not (fits and set(label) <= {1, 0, -1}):
            raise ValueError(
                f'each image needs a label of 1, 0 or -1 for each of the {len(names)} classes, but '
                f'sample {index} of the data set has gt_label={label!r}: use '
                "dict(type='VOC2007Classification', ...)"
            )
    labels = torch.tensor(found)
    return torch.where(labels == 1, 1, -1 - labels)


def check_positives(dataset: BaseDataset, targets: Tensor, needed: int, why: str) -> None:
    """Check that each class has enough positives.

    Args:
        dataset (BaseDataset): Data set with the names of the classes.
        targets (Tensor): (N, C), of :func:`svm_targets`.
        needed (int): Minimum number of positives per class.
        why (str): Purpose of the positives and advice, for the message.

    Raises:
        ValueError: If a class has fewer positives.
    """
    counts = (targets == 1).sum(0).tolist()
    few = [
        f'{name} {count}'
        for name, count in zip(dataset.metainfo['classes'], counts, strict=True)
        if count < needed
    ]
    if few:
        raise ValueError(
            f'each class needs at least {needed} positives {why}, but there are {len(few)} classes '
            f'with fewer: {preview(few)}'
        )
