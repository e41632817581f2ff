"""Labels and class names of data sets, if they have any."""

import os
from pathlib import Path

from mmengine.dataset import BaseDataset
from torch import Tensor

from npid_mm.datasets import dataset_labels
from npid_mm.datasets.image_folders.folder_layout import folder_classes


def labels_if_any(dataset: BaseDataset) -> Tensor | None:
    """Read the classes (N,) of a data set, or None if no sample has a label.

    Raises:
        ValueError: If only some samples have a label, or a sample has several.
    """
    infos = map(dataset.get_data_info, range(len(dataset)))
    return (
        dataset_labels(dataset) if any(each.get('gt_label') is not None for each in infos) else None
    )


def class_names(*datasets: BaseDataset) -> list[str] | None:
    """Find the class names of data sets: in their ``metainfo``, or else in the names of folders.

    The folders are those below the folder of all images, see
    :func:`~npid_mm.datasets.image_folders.folder_layout.read_layout`, or the parent folders of the
    images. Returns None unless each class has one name.
    """
    for dataset in datasets:
        if names := (getattr(dataset, 'metainfo', None) or {}).get('classes'):
            return list(names)
    labels, paths = [], []
    for info in (each.get_data_info(index) for each in datasets for index in range(len(each))):
        if info.get('gt_label') is None or 'img_path' not in info:
            return None
        labels.append(info['gt_label'])
        paths.append(info['img_path'])
    parents = [Path(path).parent for path in paths]
    common = os.path.commonpath(parents)
    relative = [os.path.relpath(path, common) for path in paths]
    classes, _ = folder_classes(relative)
    for folders in ([classes.get(path) for path in relative], [parent.name for parent in parents]):
        name_of = dict(zip(labels, folders, strict=True))
        pairs = set(zip(labels, folders, strict=True))
        if None not in folders and len(pairs) == len(name_of) == len(set(name_of.values())):
            return [str(name_of.get(label, label)) for label in range(max(name_of) + 1)]
    return None
