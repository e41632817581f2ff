"""Images of a data set as they are stored, and what to say where the data set is missing."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from mmengine import fileio
from PIL import Image, ImageOps
from torch.utils.data import Dataset


def stored_image(dataset: Dataset, index: int) -> np.ndarray:
    """Image (H, W, 3) as the data set stores it, in a file or in memory: RGB, uint8.

    Raises:
        OSError: The image cannot be read.
    """
    info = dataset.get_data_info(index)
    if 'img' in info:
        image = Image.fromarray(np.asarray(info['img']))
    else:
        try:
            image = ImageOps.exif_transpose(Image.open(io.BytesIO(fileio.get(info['img_path']))))
        except OSError as error:
            raise type(error)(f'cannot read {info["img_path"]}: {error}') from error
    return np.asarray(image.convert('RGB'))


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
