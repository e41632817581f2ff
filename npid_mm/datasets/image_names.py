"""Names that tell the images of a data set apart, and checks that each is there once."""

import hashlib
import os
import zlib
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from mmengine.dataset import ClassBalancedDataset, RepeatDataset
from torch import Tensor
from torch.utils.data import Dataset

PIXELS = 'pixels '  # of an image that has no path, followed by their hash
RATIO = 100  # by which a list may grow when it is unpacked; lists of paths do so by about 10
SHOWN = 3  # repeated images in a message


def relative_names(paths: Sequence[str]) -> list[str]:
    """Paths without the folder that all of them are in.

    A list has the same names wherever its images are, and whichever part of a path is in the list
    and which in ``data_root``.
    """
    paths = [os.path.normpath(path) for path in paths]
    start = os.path.commonprefix(paths).rfind(os.sep) + 1
    return [path[start:] for path in paths]


def image_names(dataset: Dataset) -> list[str] | None:
    """Name each of the N images of a data set by its path, or by the hash of its pixels.

    Args:
        dataset (Dataset): A data set of MMEngine, or a wrapper of some.

    Returns:
        list[str], optional: N names, in order; paths as of :func:`relative_names`. None where
        samples have neither an ``img_path`` nor an ``img``.
    """
    if not hasattr(dataset, 'get_data_info'):
        return None
    names, of_files = [], []
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        if info.get('img_path') is not None:
            of_files.append(index)
            names.append(str(info['img_path']))
        elif info.get('img') is not None:
            pixels = np.ascontiguousarray(info['img'])
            names.append(PIXELS + hashlib.blake2b(pixels, digest_size=8).hexdigest())
        else:
            return None
    relative = relative_names([names[index] for index in of_files])
    for index, name in zip(of_files, relative, strict=True):
        names[index] = name
    return names


def check_repeats(dataset: Dataset, names: Sequence[str] | None) -> None:
    """Check that a training set has each image once, so that none is its own negative.

    Args:
        dataset (Dataset): The training set.
        names (Sequence[str], optional): Its :func:`image_names`. Equal pixels of two images
            without a path are let through: public data sets contain some.

    Raises:
        ValueError: A wrapper repeats images, or several samples have the same path.
    """
    for wrapper in _wrappers(dataset):
        if isinstance(wrapper, (RepeatDataset, ClassBalancedDataset)):
            raise ValueError(
                f'the training set must have each image once, but {type(wrapper).__name__} repeats '
                'images, each of which would be its own negative: leave it out of '
                'train_dataloader.dataset; for longer epochs raise train_cfg.max_epochs'
            )
    first, repeated = {}, []
    for position, name in enumerate(names or ()):
        if first.setdefault(name, position) != position and not name.startswith(PIXELS):
            repeated.append(f'{name} at {first[name]} and {position}')
    if repeated:
        more = ', ...' if len(repeated) > SHOWN else ''
        raise ValueError(
            f'the training set must have each image once, but {len(repeated):,} of its '
            f'{len(names):,} samples repeat an earlier one ({", ".join(repeated[:SHOWN])}{more}), '
            'which would be its own negative: remove the repeated lines from its list'
        )


def _wrappers(dataset: Dataset) -> Iterator[Dataset]:
    """Yield a data set and all that it wraps."""
    yield dataset
    parts = [getattr(dataset, 'dataset', None), *getattr(dataset, 'datasets', ())]
    for part in parts:
        if part is not None:
            yield from _wrappers(part)


def pack_names(names: Sequence[str]) -> Tensor:
    """Compress N names into bytes (n,) of uint8, a few for each name of a sorted list."""
    text = '\0'.join(names).encode('utf-8', 'surrogateescape')
    return torch.frombuffer(bytearray(zlib.compress(text)), dtype=torch.uint8)


def unpack_names(packed: Tensor) -> list[str]:
    """Names (N,) that :func:`pack_names` compressed.

    Raises:
        ValueError: The bytes are not such a list, or one that is too large for them.
    """
    try:
        reader = zlib.decompressobj()
        data = packed.cpu().numpy().tobytes()
        text = reader.decompress(data, max(RATIO * len(data), 1 << 20))
        if not reader.eof:
            raise ValueError('it is cut off, or too large')
        return text.decode('utf-8', 'surrogateescape').split('\0')
    except (zlib.error, ValueError, AttributeError, TypeError) as error:
        raise ValueError(f'the list of images in the checkpoint is damaged: {error}') from error
