"""Image files in a pipeline, and the reader of a pipeline or a data set."""

from collections.abc import Iterable

from mmengine import fileio
from torch.utils.data import Dataset

from npid_mm.images import ImageReader, check_regular


def file_content(path: str, backend_args: dict | None) -> bytes:
    """Content of an image file, on a disk or wherever MMEngine's file backends read.

    Raises:
        UnreadableImageError: It is a folder, a device or a pipe.
        OSError: It cannot be opened.
    """
    check_regular(path)
    return fileio.get(path, backend_args)


def steps_reader(steps: Iterable) -> ImageReader | None:
    """The reader of the loading step among transforms, None if they load otherwise."""
    readers = (getattr(step, 'reader', None) for step in steps)
    return next((reader for reader in readers if isinstance(reader, ImageReader)), None)


def dataset_reader(dataset: Dataset) -> ImageReader | None:
    """The reader that a data set, or the one that it wraps, loads with; None without one."""
    while not hasattr(dataset, 'pipeline'):
        below = getattr(dataset, 'datasets', None) or [getattr(dataset, 'dataset', None)]
        if below[0] is None:
            return None
        dataset = below[0]
    return steps_reader(getattr(dataset.pipeline, 'transforms', []))
