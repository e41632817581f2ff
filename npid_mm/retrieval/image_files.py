"""Image files, found and made ready for the network; one that cannot be read stops nothing."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from mmengine.config import Config
from mmengine.dataset import Compose, default_collate
from mmpretrain.registry import TRANSFORMS
from torch.utils.data import Dataset

from npid_mm.datasets.transforms.pipeline_reader import steps_reader
from npid_mm.images import ImageReader, plain_reason

LOADERS = ('LoadImage', 'LoadImageFromFile')  # the second in configs of older indexes


class Batch(NamedTuple):
    """Images of a batch: what can be read, and what cannot."""

    positions: list[int]  # of the readable ones, in the list of images
    data: dict | None  # as the network takes them; None if there is none
    unreadable: dict[int, str]  # position -> why

    @property
    def size(self) -> list[int]:
        """list[int]: Height and width behind the pipeline."""
        return list(self.data['inputs'][0].shape[1:])


class ImagePipeline:
    """The test pipeline of a config, for one image: a file, or an array.

    A data set that needs no loading, as MMPretrain's CIFAR-10, has its images in RGB: files and
    arrays are converted for it.

    Args:
        cfg (Config): A config with a ``test_dataloader``.

    Attributes:
        reader (ImageReader): What files are read with.
    """

    def __init__(self, cfg: Config):
        settings = cfg.test_dataloader.dataset.pipeline
        loader = [step for step in settings if step['type'] in LOADERS]
        behind = [step for step in settings if step['type'] not in LOADERS]
        if not loader:
            loader = [dict(type='LoadImage')]
            behind = [dict(type='NumpyToPIL', to_rgb=True), dict(type='PILToNumpy'), *behind]
        self.load = Compose([TRANSFORMS.build(step) for step in loader])
        self.behind = Compose([TRANSFORMS.build(step) for step in behind])
        self.reader = steps_reader(self.load.transforms) or ImageReader()

    def __call__(self, image: str | np.ndarray) -> dict:
        """Prepare a file, or an array (H, W, 3) of uint8 in BGR, as ``mmcv.imread`` gives it.

        Raises:
            UnreadableImageError: The file is refused, or damaged.
            OSError: The file cannot be opened.
        """
        if isinstance(image, np.ndarray):
            shape = image.shape[:2]
            return self.behind(dict(img=image, img_shape=shape, ori_shape=shape))
        self.reader.check(image)  # MMPretrain's loader has no limits
        return self.behind(self.load(dict(img_path=str(image))))


class ImageFiles(Dataset):
    """Images by position, each with the reason where it cannot be read.

    Args:
        images (list[str | ndarray]): Files, or arrays (H, W, 3) in BGR.
        pipeline (ImagePipeline): Prepares each of them.
    """

    def __init__(self, images: list[str | np.ndarray], pipeline: ImagePipeline):
        self.images = images
        self.pipeline = pipeline

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, position: int) -> tuple[int, dict | None, str]:
        """Position, sample or None, and why it is None."""
        image = self.images[position]
        try:
            return position, self.pipeline(image), ''
        except Exception as error:  # a decoder may raise anything
            return position, None, plain_reason(error)


def collate_readable(samples: Iterable[tuple[int, dict | None, str]]) -> Batch:
    """What is readable as one batch, and the rest by its reasons.

    Raises:
        ValueError: The images differ in size behind the pipeline.
    """
    good = [(position, sample) for position, sample, _ in samples if sample is not None]
    sizes = sorted({tuple(sample['inputs'].shape[1:]) for _, sample in good})
    for size in sizes[1:]:
        check_size(size, sizes[0])
    return Batch(
        [position for position, _ in good],
        default_collate([sample for _, sample in good]) if good else None,
        {position: reason for position, sample, reason in samples if sample is None},
    )


@contextmanager
def killed_loaders() -> Iterator[None]:
    """Say in plain words that a process of a data loader was killed.

    PyTorch raises wherever the main process is at that moment, or the loader meets a closed pipe.

    Raises:
        ChildProcessError: A process that loads images was killed, as for a lack of memory.
    """
    try:
        yield
    except (RuntimeError, ConnectionError, EOFError) as error:
        if isinstance(error, RuntimeError) and not str(error).startswith('DataLoader worker (pid'):
            raise
        raise ChildProcessError(
            'a process that loads images was killed, which happens where memory runs out: what is '
            'done is kept, and the same command continues there; try it with --workers 0 or 1, or '
            'a smaller --batch-size'
        ) from error


def check_size(size: Sequence[int], wanted: Sequence[int]) -> None:
    """Refuse images that leave the pipeline in another size than the others.

    Args:
        size (Sequence[int]): Height and width.
        wanted (Sequence[int]): Those of the others.

    Raises:
        ValueError: They differ.
    """
    if tuple(size) != tuple(wanted):
        raise ValueError(
            f'images must have one size behind the test pipeline, got {tuple(size)} beside '
            f'{tuple(wanted)}: the config is for images of a fixed size; scale yours, or add '
            'ResizeEdge and CenterCrop to test_dataloader.dataset.pipeline and make a new index'
        )
