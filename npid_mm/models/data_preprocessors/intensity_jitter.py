"""Brightness and contrast of images of any number of channels."""

import torch
from torch import Tensor, nn

from npid_mm.utils.checks import check_number


class IntensityJitter(nn.Module):
    """Change brightness and contrast of each image of a batch, in all channels alike.

    The factors are those of a color jitter, drawn from [1 - x, 1 + x]. Values are not clipped, so
    images of a few very large values keep them.

    Args:
        brightness (float): Largest deviation of the factor of all values.
        contrast (float): Largest deviation of the factor of the distances to the image's mean.

    Raises:
        ValueError: If one is outside [0, 1].
    """

    def __init__(self, brightness: float = 0.4, contrast: float = 0.4):
        super().__init__()
        check_number('brightness', brightness, '[0, 1]')
        check_number('contrast', contrast, '[0, 1]')
        self.brightness = brightness
        self.contrast = contrast

    def forward(self, images: Tensor) -> Tensor:
        """Jitter images (B, C, H, W), whose black is 0."""
        uniform = 2 * torch.rand(2, len(images), 1, 1, 1) - 1
        brightness, contrast = uniform.to(images)
        images = images * (1 + self.brightness * brightness)
        mean = images.mean((1, 2, 3), keepdim=True)
        return mean + (images - mean) * (1 + self.contrast * contrast)
