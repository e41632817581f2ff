"""Fit the neck of a config to its backbone."""

import torch
from mmengine.config import Config
from mmpretrain.registry import MODELS
from torch import nn

from npid_mm.config.training_images import with_test_pipeline
from npid_mm.datasets.transforms.image_pipeline import ImagePipeline

POOLED_AXES = {2: 0, 4: 2}  # dimensions of a feature -> axes of its map, which the neck averages


def fit_neck(cfg: Config) -> nn.Module:
    """Set input width and pooling of the neck, from one forward pass of the backbone.

    Args:
        cfg (Config): Config of a pretraining with a ``LinearNeck`` and a test pipeline, which gives
            the size of the image; changed in place.

    Returns:
        nn.Module: The backbone, with random weights.

    Raises:
        ValueError: If the backbone cannot take an image of this size, or gives something else than
            a feature (B, C) or a map (B, C, H, W).
    """
    shape = image_shape(cfg)
    size = ' x '.join(map(str, shape[1:]))
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        backbone = MODELS.build(cfg.model.backbone)
        backbone.eval()  # some of MMPretrain return None
        try:
            output = backbone(torch.zeros(1, *shape))
        except (AssertionError, RuntimeError, ValueError) as error:
            reason = str(error).strip().partition('\n')[0]
            raise ValueError(
                f'the backbone cannot take images of {size} pixels ({reason}): give another '
                'image_size'
            ) from error
    feature = output[-1] if isinstance(output, (tuple, list)) else output
    if feature.dim() not in POOLED_AXES:
        raise ValueError(
            'the backbone must give a feature (B, C) or a map (B, C, H, W), got '
            f'{tuple(feature.shape)}: set model.backbone.out_type to another one'
        )
    cfg.model.neck.update(in_channels=feature.size(1), gap_dim=POOLED_AXES[feature.dim()])
    return backbone


def image_shape(cfg: Config) -> tuple[int, ...]:
    """Return channels, height and width of an image after the test pipeline of a config."""
    pipeline = ImagePipeline(with_test_pipeline(cfg))
    return tuple(pipeline(pipeline.blank(64, 64))['inputs'].shape)
