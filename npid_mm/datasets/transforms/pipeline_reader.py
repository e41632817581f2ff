"""Find the image reader of a pipeline or a data set."""

from collections.abc import Iterable

from torch.utils.data import Dataset

from npid_mm.images import ImageReader


def steps_reader(steps: Iterable) -> ImageReader | None:
    """Reader of the loading step among transforms, or None."""
    readers = (getattr(step, 'reader', None) for step in steps)
    return next((reader for reader in readers if isinstance(reader, ImageReader)), None)


def dataset_reader(dataset: Dataset) -> ImageReader | None:
    """Reader of a data set, or of the first one that it wraps; None without one."""
    while not hasattr(dataset, 'pipeline'):
        below = getattr(dataset, 'datasets', None) or [getattr(dataset, 'dataset', None)]
        if below[0] is None:
            return None
        dataset = below[0]
    return steps_reader(getattr(dataset.pipeline, 'transforms', []))
