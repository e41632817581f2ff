"""Image files, found and made ready for the network; one that cannot be read stops nothing."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mmengine.config import Config
from mmengine.dataset import Compose, default_collate
from mmpretrain.datasets import remove_transform
from mmpretrain.registry import TRANSFORMS
from torch.utils.data import Dataset

LOADER = 'LoadImageFromFile'


class Batch(NamedTuple):
    """Images of a batch: what can be read, and what cannot."""

    positions: list[int]  # of the readable ones, in the list of images
    data: dict | None  # as the network takes them; None if there is none
    unreadable: dict[int, str]  # position -> why

    @property
    def size(self) -> list[int]:
        """list[int]: Height and width behind the pipeline."""
        return list(self.data['inputs'][0].shape[1:])


def image_pipeline(cfg: Config) -> Callable[[str | np.ndarray], dict]:
    """The test pipeline of a config, for one image.

    It takes a file, or an array (H, W, 3) of uint8 in BGR, as ``mmcv.imread`` gives it. A data set
    that needs no loading, as MMPretrain's CIFAR-10, has its images in RGB: files and arrays are
    turned for it.
    """
    settings = cfg.test_dataloader.dataset.pipeline
    behind = remove_transform(settings, LOADER)
    loader = [step for step in settings if step['type'] == LOADER]
    if not loader:
        loader = [dict(type=LOADER)]
        behind = [dict(type='NumpyToPIL', to_rgb=True), dict(type='PILToNumpy'), *behind]
    from_array = Compose([TRANSFORMS.build(step) for step in behind])
    from_file = Compose([*(TRANSFORMS.build(step) for step in loader), from_array])

    def pipeline(image: str | np.ndarray) -> dict:
        if isinstance(image, np.ndarray):
            shape = image.shape[:2]
            return from_array(dict(img=image, img_shape=shape, ori_shape=shape))
        return from_file(dict(img_path=str(image)))

    return pipeline


class ImageFiles(Dataset):
    """Images by position, each with the reason where it cannot be read.

    Args:
        images (list[str | ndarray]): Files, or arrays (H, W, 3) in BGR.
        pipeline (Callable): What :func:`image_pipeline` gives.
    """

    def __init__(self, images: list[str | np.ndarray], pipeline: Callable):
        self.images = images
        self.pipeline = pipeline

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, position: int) -> tuple[int, dict | None, str]:
        """Position, sample or None, and why it is None."""
        image = self.images[position]
        try:
            if not isinstance(image, np.ndarray) and not Path(image).stat().st_size:
                raise ValueError('the file is empty')
            return position, self.pipeline(image), ''
        except Exception as error:  # a decoder may raise anything
            reason = getattr(error, 'strerror', None) or str(error) or type(error).__name__
            return position, None, reason.removesuffix(f': {image}')


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
