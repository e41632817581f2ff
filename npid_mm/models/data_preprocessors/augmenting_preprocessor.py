"""Augment and normalize a whole batch on the device that trains."""

import inspect
from collections.abc import Sequence

import torch
from mmpretrain.models import SelfSupDataPreprocessor
from mmpretrain.registry import MODELS
from torch import nn

from .lighting import Lighting

OWN = {'Lighting': Lighting}  # missing in kornia


@MODELS.register_module()
class AugmentingDataPreprocessor(SelfSupDataPreprocessor):
    """Augment training images as a batch, with parameters for each image, then normalize them.

    The data loader's workers only decode and crop. For evaluation, images are only normalized.
    Parameters are drawn from PyTorch's generators, so that a seeded step repeats them on the same
    type of device.

    Args:
        augments (Sequence[dict]): Configs of classes of :mod:`kornia.augmentation`, or of
            :class:`Lighting`, in the order in which they are applied to RGB images in [0, 1].
        mean (Sequence[float]): Mean of each channel, 0 to 255.
        std (Sequence[float]): Standard deviation of each channel, 0 to 255.
        bgr_to_rgb (bool): Whether the images are BGR.

    Raises:
        ValueError: If kornia has no augmentation of a given name.
    """

    def __init__(
        self,
        augments: Sequence[dict],
        mean: Sequence[float],
        std: Sequence[float],
        bgr_to_rgb: bool = False,
    ):
        # pinned memory is copied while the device works
        super().__init__(mean=mean, std=std, bgr_to_rgb=bgr_to_rgb, non_blocking=True)
        self.augments = nn.Sequential(*(_build(augment) for augment in augments))

    def forward(self, data: dict, training: bool = False) -> dict:
        """Move a batch to the device, augment and normalize it.

        Args:
            data (dict): ``inputs`` (B, 3, H, W) uint8 and ``data_samples``, as collated.
            training (bool): Whether to augment.

        Returns:
            dict: The same keys; inputs are float32 and normalized.
        """
        if not training:
            return super().forward(data, training)
        data = self.cast_data(data)
        images = data['inputs']
        if self._channel_conversion:
            images = images[:, [2, 1, 0]]
        with torch.autocast(images.device.type, enabled=False):
            images = self.augments(images.float() / 255)
            return {**data, 'inputs': (images * 255 - self.mean) / self.std}


def _build(augment: dict) -> nn.Module:
    import kornia.augmentation  # slow to import, and needed by training only

    arguments = dict(augment)
    name = arguments.pop('type')
    cls = OWN.get(name) or getattr(kornia.augmentation, name, None)
    if not (inspect.isclass(cls) and issubclass(cls, nn.Module)):
        raise ValueError(f'kornia.augmentation has no augmentation called {name!r}')
    return cls(**arguments)
