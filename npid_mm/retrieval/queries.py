"""The images to search with: files, folders and arrays."""

import sys
from pathlib import Path

import numpy as np

from npid_mm.images.find_images import find_images
from npid_mm.utils.paths import printable_path

Query = str | np.ndarray  # a file, or an array that ImageReader.from_array takes
QueryInput = str | Path | np.ndarray | list | tuple


def query_images(inputs: QueryInput, channels: int | None = None) -> list[Query]:
    """List files and arrays; a folder is replaced by its images.

    Args:
        inputs (str | Path | ndarray | list): A file, a folder, an array (H, W, 3) of uint8, or a
            list of these.
        channels (int, optional): C of an index of images (H, W, C) with other values.

    Raises:
        TypeError: If an input is none of these.
        ValueError: If the inputs name no image.
    """
    images: list[Query] = []
    for each in inputs if isinstance(inputs, (list, tuple)) else [inputs]:
        if isinstance(each, np.ndarray) and (
            channels or (each.ndim == 3 and each.dtype == np.uint8)
        ):
            images.append(each)
        elif not isinstance(each, (str, Path)):
            what = f'{type(each).__name__} of {getattr(each, "shape", "no shape")}'
            what += f' {each.dtype}' if isinstance(each, np.ndarray) else ''
            raise TypeError(
                'inputs must be files, folders or arrays (H, W, 3) of uint8, or a list of '
                f'these, got {what}'
            )
        elif Path(each).is_dir():
            found = find_images(each)
            images += found.paths
            if found.remarks():
                print(f'{printable_path(each)}: {"; ".join(found.remarks())}', file=sys.stderr)
        else:
            images.append(str(each))
    if not images:
        raise ValueError('inputs must name at least one image, got none')
    return images


def query_name(image: Query) -> str:
    """Name of a query in messages."""
    return f'an array {image.shape}' if isinstance(image, np.ndarray) else printable_path(image)
