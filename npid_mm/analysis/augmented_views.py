"""Compute augmented views of training images, as the network receives them."""

from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.registry import MODELS
from torch import Tensor
from torch.utils.data import DataLoader

from npid_mm.config.preprocessor import preprocessor_config
from npid_mm.datasets.transforms.pipeline_reader import dataset_reader
from npid_mm.images import ImageReader
from npid_mm.utils.checks import check_whole
from npid_mm.utils.seeding import mixed_seed, seed_generators

from .stored_images import data_expected, stored_image


@torch.no_grad()
def augmented_views(
    cfg: Config, images: int = 8, views: int = 7, seed: int = 0
) -> tuple[list[np.ndarray], list[list[np.ndarray]]]:
    """Take evenly spaced images of a config's training set, and augmented views of each.

    Views are made by the data set's pipeline, the loader's collate function and the model's data
    preprocessor in training mode, on the CPU. Only the normalization is undone. The channels are in
    the network's order, unless the preprocessor has ``rgb_to_bgr``: swapped colors reveal a missing
    ``bgr_to_rgb``.

    Args:
        cfg (Config): A pretraining config with the defaults of its loaders.
        images (int): Number of images, at most N.
        views (int): Number of views per image. A pipeline with several views per sample
            (``MultiView``) runs as often as needed.
        seed (int): Equal seeds give equal views.

    Returns:
        tuple[list[ndarray], list[list[ndarray]]]: The stored images, and the views of each; all
        RGB (H, W, 3) of uint8.

    Raises:
        ValueError: If ``images``, ``views`` or ``seed`` is out of range, the config has no training
            set, or the network's inputs are not images.
        FileNotFoundError: If the data set does not exist.
        OSError: If an image cannot be read.
    """
    for name, value, least in (('images', images, 1), ('views', views, 1), ('seed', seed, 0)):
        check_whole(name, value, least)
    init_default_scope(cfg.get('default_scope') or 'mmpretrain')
    loader = _training_loader(cfg)
    dataset: BaseDataset = loader.dataset
    if images > len(dataset):
        raise ValueError(
            f'images must be at most the {len(dataset)} of the training set, got {images}'
        )
    settings = preprocessor_config(cfg)
    preprocessor, bgr = MODELS.build(settings), bool(settings.get('rgb_to_bgr'))
    indexes = [number * len(dataset) // images for number in range(images)]
    reader = dataset_reader(dataset)
    originals = [stored_image(dataset, index) for index in indexes]
    collected: list[list[np.ndarray]] = [[] for _ in indexes]
    repeat = 0
    while len(collected[0]) < views:
        samples = []
        for index in indexes:
            seed_generators(mixed_seed(seed, repeat, index))
            samples.append(dataset[index])
        inputs = preprocessor(loader.collate_fn(samples), True)['inputs']
        for batch in inputs if isinstance(inputs, (list, tuple)) else [inputs]:
            for row, pixels in zip(
                collected, _pixels(batch, preprocessor, bgr, reader), strict=True
            ):
                row.append(pixels)
        repeat += 1
    return originals, [row[:views] for row in collected]


def _training_loader(cfg: Config) -> DataLoader:
    if not cfg.get('train_dataloader'):
        raise ValueError('the config must have a train_dataloader, it has none')
    with data_expected('training set', 'train_dataloader'):
        return Runner.build_dataloader(cfg.train_dataloader)


def _pixels(
    batch: Tensor, preprocessor: Any, bgr: bool, reader: ImageReader | None
) -> np.ndarray | list[np.ndarray]:
    """Convert normalized (B, C, H, W) to pixels (B, H, W, 3) of uint8."""
    if reader is not None and reader.channels:
        values = batch * preprocessor.std + preprocessor.mean
        return [reader.to_picture(each) for each in values.permute(0, 2, 3, 1).numpy()]
    if batch.dim() != 4 or batch.size(1) not in (1, 3):
        raise ValueError(
            "the network's inputs must be images (B, 1 or 3, H, W) to be shown, got "
            f'{tuple(batch.shape)}'
        )
    if getattr(preprocessor, 'mean', None) is not None:
        batch = batch * preprocessor.std + preprocessor.mean
    batch = batch.flip(1) if bgr else batch
    batch = batch.expand(-1, 3, -1, -1).permute(0, 2, 3, 1)
    return batch.round().clamp(0, 255).to(torch.uint8).numpy()
