"""What data sets must offer: instances that can be told apart, and labels where they are used."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.utils.data import Dataset


def check_instances(dataset: Dataset) -> None:
    """Check that a data set names its samples 0 to N - 1, before the first step.

    Reads the first and the last sample, and the first of each part of a ``ConcatDataset``.

    Raises:
        KeyError: Samples carry no ``sample_idx``.
        ValueError: ``sample_idx`` is not the position in the data set.
    """
    starts = [0, *getattr(dataset, 'cumulative_sizes', [])]
    for position in sorted(
        {start for start in starts if start < len(dataset)} | {len(dataset) - 1}
    ):
        sample = dataset[position]['data_samples']
        if 'sample_idx' not in sample:
            raise KeyError(
                'the training set gives no sample_idx, which NPID needs to find a row of the '
                "memory bank: keep 'sample_idx' in PackInputs.meta_keys, or wrap the data set in "
                'InstanceDataset'
            )
        if int(sample.sample_idx) != position:
            raise ValueError(
                f'sample {position} of the training set ({len(dataset)} samples) says sample_idx='
                f'{sample.sample_idx}: its parts repeat indexes, so that images would share rows '
                "of the memory bank; wrap it: dict(type='InstanceDataset', dataset=...)"
            )


def dataset_labels(dataset: Dataset) -> Tensor:
    """Class labels (N,) of a data set's instances, on the CPU.

    Raises:
        ValueError: A sample has no label or several.
    """
    labels = sample_labels(dataset)
    for index, label in enumerate(labels):
        if not isinstance(label, int):
            raise ValueError(
                f'kNN needs one class label an image, but sample {index} of the data set has '
                f'gt_label={label!r}: leave kNN out of a training on images without labels '
                '(val_dataloader = val_evaluator = val_cfg = None)'
            )
    return torch.tensor(labels)


def sample_labels(dataset: Dataset) -> list:
    """``gt_label`` of each of the N instances as it stands in the data set, None without one."""
    return [dataset.get_data_info(index).get('gt_label') for index in range(len(dataset))]


def check_labels(
    labels: Sequence, dataset: Dataset, loader: str, setting: str, num_classes: int
) -> None:
    """Check that the labels of a data set are classes that there are.

    Args:
        labels (Sequence): N labels, of :func:`sample_labels`.
        dataset (Dataset): Where they are from; tells the path of an image.
        loader (str): What the message calls the data set, 'train_dataloader' say.
        setting (str): What the number of classes is from, 'model.head.num_classes' say.
        num_classes (int): C.

    Raises:
        ValueError: A label is no integer, or outside 0 to C - 1.
    """
    wrong = [
        index
        for index, label in enumerate(labels)
        if not (isinstance(label, int) and 0 <= label < num_classes)
    ]
    if wrong:
        first = wrong[0]
        path = dataset.get_data_info(first).get('img_path', f'sample {first}')
        raise ValueError(
            f'{loader} must have one label in 0..{num_classes - 1} an image ({setting}: '
            f'{num_classes}), but {len(wrong):,} of its {len(labels):,} images have another, the '
            f'first gt_label={labels[first]!r} of {path}: correct the list, whose labels count '
            f'from 0, or {setting}'
        )
