"""Images of a data set as they are stored, and what to say where the data set is missing."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from mmengine import fileio
from PIL import Image
from torch.utils.data import Dataset

from npid_mm.datasets.transforms.pipeline_reader import dataset_reader
from npid_mm.images import ImageReader, errors_with_path


def stored_image(dataset: Dataset, index: int) -> np.ndarray:
    """Image (H, W, 3) as the data set stores it, in a file or in memory: RGB, uint8.

    Raises:
        UnreadableImageError: The image cannot be read.
        OSError: The file cannot be opened.
    """
    info = dataset.get_data_info(index)
    if 'img' in info:
        return np.asarray(Image.fromarray(np.asarray(info['img'])).convert('RGB'))
    path, reader = info['img_path'], dataset_reader(dataset) or ImageReader()
    with errors_with_path(path):
        return reader.decode(fileio.get(path))[..., ::-1]


def shown_image(dataset: Dataset, index: int) -> str | np.ndarray:
    """The image as pictures take it: its file, or what the data set holds in memory."""
    info = dataset.get_data_info(index)
    return stored_image(dataset, index) if 'img' in info else info['img_path']


@contextmanager
def data_expected(what: str, loader: str) -> Iterator[None]:
    """Say which setting names the folder, where a data set is not in it.

    Args:
        what (str): What the message calls the data set.
        loader (str): Its data loader in the config, such as 'train_dataloader'.

    Raises:
        FileNotFoundError: The data set is not where the config says.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f'cannot load the {what}: {error}; set data_root and ann_file of {loader}.dataset '
            'in the config or with --cfg-options'
        ) from error
