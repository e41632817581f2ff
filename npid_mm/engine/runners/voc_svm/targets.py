"""Labels of a data set as the support vector machines of the VOC07 protocol take them."""

import torch
from torch import Tensor
from torch.utils.data import Dataset


def svm_targets(dataset: Dataset) -> Tensor:
    """Targets (N, C) from VOC's labels, for :func:`npid_mm.evaluation.voc_svm`.

    VOC labels an image 1 for a class that is present, 0 where only difficult objects of it are,
    and -1 where none is. Targets are 1 for present, -1 for difficult, and 0 for absent.

    Raises:
        ValueError: A sample has other labels.
    """
    names = dataset.metainfo.get('classes') or ()
    labels = [dataset.get_data_info(index).get('gt_label') for index in range(len(dataset))]
    for index, label in enumerate(labels):
        fits = isinstance(label, (list, tuple)) and len(label) == len(names)
        if not (fits and set(label) <= {1, 0, -1}):
            raise ValueError(
                f'each image needs a label of 1, 0 or -1 for each of the {len(names)} classes, but '
                f'sample {index} of the data set has gt_label={label!r}: use '
                "dict(type='VOC2007Classification', ...)"
            )
    labels = torch.tensor(labels)
    return torch.where(labels == 1, 1, -1 - labels)


def check_positives(dataset: Dataset, targets: Tensor, needed: int, why: str) -> None:
    """Check that each class has enough positives, before anything long starts.

    Args:
        dataset (Dataset): Names the classes.
        targets (Tensor): (N, C), of :func:`svm_targets`.
        needed (int): Positives that each class must have.
        why (str): What they are needed for, and what to do.

    Raises:
        ValueError: A class has fewer.
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
            f'with fewer: {", ".join(few[:5])}{", ..." if len(few) > 5 else ""}'
        )
