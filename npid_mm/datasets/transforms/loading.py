"""The image reader of a pipeline or a data set."""

from collections.abc import Iterable

from torch.utils.data import Dataset

from npid_mm.images import ImageReader


def steps_reader(steps: Iterable) -> ImageReader:
    """The reader of the loading step among transforms, or the default one."""
    readers = (getattr(step, 'reader', None) for step in steps)
    return next((reader for reader in readers if isinstance(reader, ImageReader)), ImageReader())


def dataset_reader(dataset: Dataset) -> ImageReader:
    """The reader that a data set, or the one that it wraps, loads with; else the default one."""
    while not hasattr(dataset, 'pipeline'):
        below = getattr(dataset, 'datasets', None) or [getattr(dataset, 'dataset', None)]
        if below[0] is None:
            return ImageReader()
        dataset = below[0]
    return steps_reader(getattr(dataset.pipeline, 'transforms', []))
