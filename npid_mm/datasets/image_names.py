"""Names that identify the images of a data set, and the check that each occurs once."""

import hashlib
import os
import zlib
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from mmengine.dataset import BaseDataset, ClassBalancedDataset, RepeatDataset
from torch import Tensor
from torch.utils.data import Dataset

PIXELS = 'pixels '  # begins the name of an image without a path; the hash of its pixels follows
RATIO = 100  # largest factor by which packed names may grow; lists of paths grow by about 10
SHOWN = 3  # repeated images in a message


def relative_names(paths: Sequence[str]) -> list[str]:
    """Remove the common folder from paths.

    The names of a list do not depend on the folder of its images, nor on how their paths are split
    between the list and ``data_root``.
    """
    paths = [os.path.normpath(path) for path in paths]
    start = os.path.commonprefix(paths).rfind(os.sep) + 1
    return [path[start:] for path in paths]


def image_names(dataset: BaseDataset) -> list[str] | None:
    """Name each of the N images of a data set by its path, or by the hash of its pixels.

    Args:
        dataset (Dataset): A data set of MMEngine, or a wrapper of one.

    Returns:
        list[str], optional: N names, in order; paths as from :func:`relative_names`. None if
        a sample has neither an ``img_path`` nor an ``img``.
    """
    if not hasattr(dataset, 'get_data_info'):
        return None
    names, files = [], []
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        if info.get('img_path') is not None:
            files.append(index)
            names.append(str(info['img_path']))
        elif info.get('img') is not None:
            pixels = np.ascontiguousarray(info['img']).data
            names.append(PIXELS + hashlib.blake2b(pixels, digest_size=8).hexdigest())
        else:
            return None
    for index, name in zip(files, relative_names([names[i] for i in files]), strict=True):
        names[index] = name
    return names


def check_repeats(dataset: Dataset, names: Sequence[str] | None) -> None:
    """Check that a training set has each image once, so that none is its own negative.

    Args:
        dataset (Dataset): The training set.
        names (Sequence[str], optional): Its :func:`image_names`. Equal pixels of images without a
            path are allowed, as public data sets contain some.

    Raises:
        ValueError: If a wrapper repeats images, or several samples have the same path.
    """
    for wrapper in _wrappers(dataset):
        if isinstance(wrapper, (RepeatDataset, ClassBalancedDataset)):
            raise ValueError(
                f'the training set must have each image once, but {type(wrapper).__name__} repeats '
                'images, each of which would be its own negative: leave it out of '
                'train_dataloader.dataset; for longer epochs raise train_cfg.max_epochs'
            )
    first: dict[str, int] = {}
    repeated = []
    for position, name in enumerate(names or ()):
        if first.setdefault(name, position) != position and not name.startswith(PIXELS):
            repeated.append(f'{name} at {first[name]} and {position}')
    if repeated:
        more = ', ...' if len(repeated) > SHOWN else ''
        raise ValueError(
            f'the training set must have each image once, but {len(repeated):,} of its '
            f'{len(names or ()):,} samples repeat an earlier one ({", ".join(repeated[:SHOWN])}'
            f'{more}), which would be its own negative: remove the repeated lines from its list'
        )


def _wrappers(dataset: Dataset) -> Iterator[Dataset]:
    """Yield a data set and all that it wraps."""
    yield dataset
    for part in (getattr(dataset, 'dataset', None), *getattr(dataset, 'datasets', ())):
        if part is not None:
            yield from _wrappers(part)


def pack_names(names: Sequence[str]) -> Tensor:
    """Compress N names into bytes (n,) of uint8, a few per name of a sorted list."""
    text = '\0'.join(names).encode('utf-8', 'surrogateescape')
    return torch.frombuffer(bytearray(zlib.compress(text)), dtype=torch.uint8)


def unpack_names(packed: Tensor, limit: int) -> list[str]:
    """Decompress the names (N,) from :func:`pack_names`.

    Args:
        packed (Tensor): Bytes (n,) of uint8.
        limit (int): Most names, for example the rows of the bank beside them.

    Raises:
        ValueError: If the bytes are damaged, or expand to too much.
    """
    try:
        reader = zlib.decompressobj()
        data = packed.cpu().numpy().tobytes()
        text = reader.decompress(data, max(RATIO * len(data), 1 << 20))
        if not reader.eof:
            raise ValueError('it is cut off, or too large')
        if (count := text.count(b'\0') + 1) > limit:
            raise ValueError(f'it has {count:,} names for {limit:,} images')
        return text.decode('utf-8', 'surrogateescape').split('\0')
    except (zlib.error, ValueError, AttributeError, TypeError) as error:
        raise ValueError(f'the list of images in the checkpoint is damaged: {error}') from error
