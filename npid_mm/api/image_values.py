"""Let a config train on images of any channels and values."""

from typing import Any

from mmengine.config import Config
from mmpretrain.registry import MODELS

from npid_mm.config.checks.class_lookup import arguments_of
from npid_mm.config.training_images import set_pipelines
from npid_mm.images.measure import ImageValues

LOADERS = ('LoadImage', 'LoadRandomResizedCrop')
# MMPretrain's augmentations of 8-bit color, which kornia's replace
JITTER, GRAYSCALE = 'ColorJitter', 'RandomGrayscale'


def use_values(cfg: Config, values: ImageValues) -> None:
    """Let a pretraining config read the values of images as they were measured.

    The loading steps keep all channels, the first convolution of the backbone takes them, and the
    data preprocessor normalizes each. Changes of color become kornia's, for floats; images that are
    not color get those of brightness and contrast only.

    Args:
        cfg (Config): Config of :class:`~npid_mm.models.NPID` with ``train_pipeline`` and
            ``test_pipeline`` as variables; changed in place.
        values (ImageValues): The measured values.
    """
    value_range = (values.low, values.high)
    reading = dict(value_range=value_range, channels=values.channels)
    train, augments = _convert(cfg.train_pipeline, reading, values.color)
    test, _ = _convert(cfg.test_pipeline, reading, values.color)
    for dataset, pipeline in (
        (cfg.train_dataloader.dataset, train),
        (cfg.test_cfg.reference.dataset, test),
        (cfg.val_dataloader.dataset, test),
        (cfg.test_dataloader.dataset, test),
    ):
        set_pipelines(dataset, pipeline)
    cfg.train_pipeline, cfg.test_pipeline = train, test
    if values.channels != 3:
        _set_channels(cfg.model.backbone, values.channels)
    cfg.model.data_preprocessor = dict(
        type='AugmentingDataPreprocessor',
        augments=augments,
        mean=values.mean,
        std=values.std,
        value_range=value_range,
    )


def _set_channels(backbone: dict, channels: int) -> None:
    """Set the channels of the first convolution.

    Raises:
        ValueError: If the network takes color only.
    """
    if 'in_channels' not in arguments_of(MODELS.get(backbone['type']))[0]:
        raise ValueError(
            f'model must take images of {channels} channels, and {backbone["type"]} takes color '
            'only: give a ResNet, ViT, ConvNeXt or Swin, or a network of timm'
        )
    backbone['in_channels'] = channels


def _convert(steps: list[dict], reading: dict, color: bool) -> tuple[list[dict], list[dict]]:
    """Convert a pipeline for 8-bit color to steps for floats, and augmentations of kornia."""
    pipeline: list[dict] = []
    augments: list[dict] = []
    for given in steps:
        step: dict[str, Any] = dict(given)
        name = step['type']
        if name in LOADERS:
            pipeline.append({**step, **reading})
        elif name == 'ResizeEdge':
            pipeline.append(dict(type='ResizeChannels', scale=step['scale'], edge=step['edge']))
        elif name == JITTER and color:
            augments.append({**step, 'p': 1.0})
        elif name == JITTER:
            kept = {key: step[key] for key in ('brightness', 'contrast')}
            augments.append(dict(type='IntensityJitter', **kept))
        elif name == GRAYSCALE:
            augments += [dict(type=GRAYSCALE, p=step['prob'])] if color else []
        else:
            pipeline.append(step)
    return pipeline, augments
