"""Read the stored images of a data set, without its pipeline."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from mmengine import fileio
from mmengine.dataset import BaseDataset
from PIL import Image

from npid_mm.datasets.transforms.pipeline_reader import dataset_reader
from npid_mm.images import ImageReader, errors_with_path


def stored_image(dataset: BaseDataset, index: int) -> np.ndarray:
    """Read an image (H, W, 3) of a data set from its file or memory, as RGB of uint8.

    Raises:
        UnreadableImageError: If the image cannot be read.
        OSError: If the file cannot be opened.
    """
    info = dataset.get_data_info(index)
    if 'img' in info:
        return np.asarray(Image.fromarray(np.asarray(info['img'])).convert('RGB'))
    path, reader = info['img_path'], dataset_reader(dataset) or ImageReader()
    with errors_with_path(path):
        return reader.to_picture(reader.decode(fileio.get(path)))


def shown_image(dataset: BaseDataset, index: int) -> str | np.ndarray:
    """Return the file of an image, or its pixels if the data set is in memory."""
    info = dataset.get_data_info(index)
    return stored_image(dataset, index) if 'img' in info else info['img_path']


@contextmanager
def data_expected(what: str, loader: str) -> Iterator[None]:
    """Add the names of the settings to the error of a missing data set.

    Args:
        what (str): Name of the data set in the message.
        loader (str): Its data loader in the config, e.g. 'train_dataloader'.

    Raises:
        FileNotFoundError: If the block does not find the data set.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f'cannot load the {what}: {error}; set data_root and ann_file of {loader}.dataset '
            'in the config or with --cfg-options'
        ) from error
