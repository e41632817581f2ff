"""Augment and normalize a whole batch on the device that trains."""

import inspect
from collections.abc import Sequence

import torch
from mmpretrain.models import SelfSupDataPreprocessor
from mmpretrain.registry import MODELS
from torch import nn

from .intensity_jitter import IntensityJitter
from .lighting import Lighting
from .move_object import MoveObject

# missing in kornia
OWN = {
    'IntensityJitter': IntensityJitter,
    'Lighting': Lighting,
    'MoveObject': MoveObject,
}


@MODELS.register_module()
class AugmentingDataPreprocessor(SelfSupDataPreprocessor):
    """Augment training images as a batch, with parameters for each image, then normalize them.

    The data loader's workers only decode and crop. For evaluation, images are only normalized.
    Parameters are drawn from PyTorch's generators, so that a seeded step repeats them on the same
    type of device.

    Args:
        augments (Sequence[dict]): Configs of classes of :mod:`kornia.augmentation`, or of
            :class:`Lighting`, :class:`IntensityJitter` or :class:`MoveObject`, in the order in
            which they are applied to RGB images in [0, 1], or to images of C channels.
        mean (Sequence[float]): Mean of each of the C channels.
        std (Sequence[float]): Standard deviation of each channel.
        bgr_to_rgb (bool): Whether the images are BGR.
        value_range (Sequence[float]): (low, high), the values that are 0 and 1 for the
            augmentations.

    Raises:
        ValueError: If kornia has no augmentation of a given name, or ``mean`` and ``std`` differ
            in length.

    Example:
        >>> augments = [dict(type='RandomHorizontalFlip'), dict(type='RandomGrayscale', p=0.2)]
        >>> preprocessor = AugmentingDataPreprocessor(augments, mean=[128.0] * 3, std=[64.0] * 3)
    """

    def __init__(
        self,
        augments: Sequence[dict],
        mean: Sequence[float],
        std: Sequence[float],
        bgr_to_rgb: bool = False,
        value_range: Sequence[float] = (0, 255),
    ):
        if len(mean) != len(std):
            raise ValueError(
                f'mean and std must have one value per channel, got {len(mean)} and {len(std)}'
            )
        # pinned memory is copied while the device works; the parent takes one or three channels
        super().__init__(mean=[0.0], std=[1.0], bgr_to_rgb=bgr_to_rgb, non_blocking=True)
        self.mean = torch.tensor(mean, dtype=torch.float32).view(-1, 1, 1)
        self.std = torch.tensor(std, dtype=torch.float32).view(-1, 1, 1)
        self.low, self.span = value_range[0], value_range[1] - value_range[0]
        self.augments = nn.Sequential(*(_build(augment) for augment in augments))

    def forward(self, data: dict, training: bool = False) -> dict:
        """Move a batch to the device, augment and normalize it.

        Args:
            data (dict): ``inputs`` (B, C, H, W) and ``data_samples``, as collated.
            training (bool): Whether to augment.

        Returns:
            dict: The same keys; inputs are float32 and normalized.
        """
        if not training:
            return super().forward(data, training)
        if data['inputs'].device != self.device:  # the cast visits every sample
            data = self.cast_data(data)
        images = data['inputs']
        if self._channel_conversion:
            images = images[:, [2, 1, 0]]
        with torch.autocast(images.device.type, enabled=False):
            images = images.float()
            if len(self.augments):
                scaled = self.augments((images - self.low) / self.span)
                images = scaled * self.span + self.low
            return {**data, 'inputs': (images - self.mean) / self.std}


def _build(augment: dict) -> nn.Module:
    import kornia.augmentation  # slow to import, and needed by training only

    arguments = dict(augment)
    name = arguments.pop('type')
    cls = OWN.get(name) or getattr(kornia.augmentation, name, None)
    if not (inspect.isclass(cls) and issubclass(cls, nn.Module)):
        raise ValueError(f'kornia.augmentation has no augmentation called {name!r}')
    return cls(**arguments)
