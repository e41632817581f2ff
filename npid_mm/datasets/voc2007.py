"""Pascal VOC 2007 for classification, labeled by its lists in ImageSets."""

from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import print_log
from mmpretrain.datasets import BaseDataset
from mmpretrain.datasets.categories import VOC2007_CATEGORIES
from mmpretrain.registry import DATASETS

VOC2007_COUNTS = {'trainval': 5011, 'test': 4952}
ARCHIVES = {'trainval': 'VOCtrainval_06-Nov-2007.tar', 'test': 'VOCtest_06-Nov-2007.tar'}


@DATASETS.register_module()
class VOC2007Classification(BaseDataset):
    """Images of VOC2007 with a label of 1, 0 or -1 for each class.

    ``gt_label`` has C = 20 numbers, in the order of the class names: 1 if an object of the class is
    present, 0 if only difficult ones are, -1 if none is. Samples come in the order of
    ``ImageSets/Main/<split>.txt``.

    Args:
        data_root (str): The folder VOC2007, with ImageSets/ and JPEGImages/ inside.
        split (str): 'trainval' or 'test'.
        **kwargs: Arguments of MMPretrain's ``BaseDataset``.

    Raises:
        FileNotFoundError: If a list is missing.
        ValueError: If ``split`` is another one, or a list is malformed, see :func:`read_voc2007`.
    """

    METAINFO = {'classes': VOC2007_CATEGORIES}

    def __init__(self, data_root: str, split: str, **kwargs: Any):
        if split not in VOC2007_COUNTS:
            raise ValueError(f"split must be 'trainval' or 'test', got {split!r}")
        self.split = split
        super().__init__(ann_file='', data_root=data_root, data_prefix='JPEGImages', **kwargs)

    def load_data_list(self) -> list[dict]:
        """Image paths and labels."""
        images, labels = read_voc2007(self.data_root, self.split)
        expected = VOC2007_COUNTS[self.split]
        if len(images) != expected:
            print_log(
                f'{self.data_root} lists {len(images):,} images of {self.split}, VOC2007 has '
                f'{expected:,}',
                logger='current',
            )
        return [
            dict(img_path=f'{self.img_prefix}/{image}.jpg', gt_label=label)
            for image, label in zip(images, labels.tolist(), strict=True)
        ]


def read_voc2007(root: str | Path, split: str) -> tuple[list[str], np.ndarray]:
    """Read ``ImageSets/Main/<split>.txt`` and ``<class>_<split>.txt`` of all classes.

    Args:
        root (str | Path): The folder VOC2007.
        split (str): 'trainval' or 'test'.

    Returns:
        tuple[list[str], np.ndarray]: Image ids, and labels (N, C) of 1, 0 or -1.

    Raises:
        FileNotFoundError: If a list is missing.
        ValueError: If a line is not `id label`, or the list of a class has other images.
    """
    folder = Path(root) / 'ImageSets/Main'
    files = [f'{split}.txt', *(f'{name}_{split}.txt' for name in VOC2007_CATEGORIES)]
    missing = [name for name in files if not (folder / name).is_file()]
    if missing:
        raise FileNotFoundError(
            f'{len(missing)} of {len(files)} lists of {split} are missing in {folder}, the first: '
            f'{missing[0]}; unpack {ARCHIVES[split]}, and let data_root be the folder VOC2007'
        )
    images = (folder / files[0]).read_text().split()
    if not images:
        raise ValueError(f'{folder / files[0]} is empty')
    labels = [_class_labels(folder / name, images) for name in files[1:]]
    return images, np.array(labels, dtype=np.int8).T


def _class_labels(path: Path, images: list[str]) -> list[int]:
    """Labels (N,) of one class."""
    lines = [line.split() for line in path.read_text().splitlines()]
    for number, words in enumerate(lines, 1):
        if len(words) != 2 or words[1] not in ('1', '0', '-1'):
            raise ValueError(
                f'{path} must have `id label` with a label of 1, 0 or -1 in line {number}, got '
                f'{" ".join(words)!r}'
            )
    if [image for image, _ in lines] != images:
        raise ValueError(f'{path} must list the images of {path.name.rpartition("_")[2]}, in order')
    return [int(label) for _, label in lines]
