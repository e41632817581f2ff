"""Load and preprocess the images to index or to search with, and report unreadable ones."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from mmengine.config import Config
from mmengine.dataset import Compose, default_collate
from mmpretrain.registry import TRANSFORMS
from torch.utils.data import Dataset

from npid_mm.datasets.transforms.pipeline_reader import steps_reader
from npid_mm.images import ImageReader, plain_reason

from .queries import Query

LOADERS = ('LoadImage', 'LoadImageFromFile')  # the latter in configs of older indexes


class Batch(NamedTuple):
    """Readable images of a batch, and the reasons of the others."""

    positions: list[int]  # of the readable images
    data: dict  # input of the network; empty if no image is readable
    unreadable: dict[int, str]  # position -> reason

    @property
    def size(self) -> list[int]:
        """list[int]: Height and width after the pipeline."""
        return list(self.data['inputs'][0].shape[1:])


class ImagePipeline:
    """The test pipeline of a config, applied to a file or an array.

    The pipeline of a data set in memory, such as MMPretrain's CIFAR-10, has no step that loads a
    file. Its images are RGB, so files and arrays are converted to RGB for it.

    Args:
        cfg (Config): A config with a ``test_dataloader``.

    Attributes:
        reader (ImageReader): Reads the files.
    """

    def __init__(self, cfg: Config):
        settings = cfg.test_dataloader.dataset.pipeline
        loader = [step for step in settings if step['type'] in LOADERS]
        rest = [step for step in settings if step['type'] not in LOADERS]
        if not loader:
            loader = [dict(type='LoadImage')]
            rest = [dict(type='NumpyToPIL', to_rgb=True), dict(type='PILToNumpy'), *rest]
        self.load = Compose([TRANSFORMS.build(step) for step in loader])
        self.transform = Compose([TRANSFORMS.build(step) for step in rest])
        self.reader = steps_reader(self.load.transforms) or ImageReader()

    def __call__(self, image: Query) -> dict:
        """Prepare a file, or an array (H, W, 3) of uint8 in BGR, as ``mmcv.imread`` gives it.

        Raises:
            UnreadableImageError: If the file is refused, or damaged.
            OSError: If the file cannot be opened.
        """
        if isinstance(image, np.ndarray):
            shape = image.shape[:2]
            return self.transform(dict(img=image, img_shape=shape, ori_shape=shape))
        self.reader.check(image)  # MMPretrain's loader has no limits
        return self.transform(self.load(dict(img_path=str(image))))


class ImageFiles(Dataset):
    """Data set of (position, sample or None, reason why it cannot be read).

    Args:
        images (Sequence[str | ndarray]): Files, or arrays (H, W, 3) of uint8 in BGR.
        pipeline (ImagePipeline): Prepares each image.
    """

    def __init__(self, images: Sequence[Query], pipeline: ImagePipeline):
        self.images = images
        self.pipeline = pipeline

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, position: int) -> tuple[int, dict | None, str]:
        image = self.images[position]
        try:
            return position, self.pipeline(image), ''
        except Exception as error:  # a decoder may raise anything
            return position, None, plain_reason(error)


def collate_readable(samples: Sequence[tuple[int, dict | None, str]]) -> Batch:
    """Collate samples of :class:`ImageFiles`.

    Raises:
        ValueError: If the images differ in size after the pipeline.
    """
    good = [(position, sample) for position, sample, _ in samples if sample is not None]
    sizes = sorted({tuple(sample['inputs'].shape[1:]) for _, sample in good})
    for size in sizes[1:]:
        check_size(size, sizes[0])
    return Batch(
        [position for position, _ in good],
        default_collate([sample for _, sample in good]) if good else {},
        {position: reason for position, sample, reason in samples if sample is None},
    )


@contextmanager
def explain_killed_workers() -> Iterator[None]:
    """Translate the errors that follow the end of a data loader's process.

    PyTorch raises RuntimeError in the main process, or the loader meets a closed pipe.

    Raises:
        ChildProcessError: If a process that loads images was killed, e.g. for a lack of memory.
    """
    try:
        yield
    except (RuntimeError, ConnectionError, EOFError) as error:
        if isinstance(error, RuntimeError) and not str(error).startswith('DataLoader worker (pid'):
            raise
        raise ChildProcessError(
            'a process that loads images was killed, most likely because memory ran out: finished '
            'images are kept, and the same command continues; try --workers 0 or 1, or a smaller '
            '--batch-size'
        ) from error


def check_size(size: Sequence[int], expected: Sequence[int]) -> None:
    """Check that an image has the size of the others.

    Args:
        size (Sequence[int]): Height and width.
        expected (Sequence[int]): Height and width of the others.

    Raises:
        ValueError: If they differ.
    """
    if tuple(size) != tuple(expected):
        raise ValueError(
            f'images must have one size after the test pipeline, got {tuple(size)} and '
            f'{tuple(expected)}: the config is for images of a fixed size; resize yours, or add '
            'ResizeEdge and CenterCrop to test_dataloader.dataset.pipeline and make a new index'
        )
