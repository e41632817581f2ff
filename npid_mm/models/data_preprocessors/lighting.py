"""Color shifts along the principal components of ImageNet's pixels."""

import torch
from torch import Tensor, nn

from npid_mm.utils.checks import check_number

# Of RGB values in [0, 1], from AlexNet's authors; each column is a component.
DEVIATIONS = torch.tensor([55.4625, 4.7940, 1.1475]) / 255
COMPONENTS = torch.tensor(
    [[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]]
)


class Lighting(nn.Module):
    """AlexNet's lighting noise, drawn for every image of a batch.

    MMPretrain's transform of this name wraps around at black and white; here values are clipped.

    Args:
        alphastd (float): Standard deviation of the noise, relative to that of each component.

    Raises:
        ValueError: If ``alphastd`` is below 0.
    """

    def __init__(self, alphastd: float = 0.1):
        super().__init__()
        check_number('alphastd', alphastd, '[0, inf)')
        self.alphastd = alphastd

    def forward(self, images: Tensor) -> Tensor:
        """Shift the colors of RGB images (B, 3, H, W) in [0, 1]."""
        noise = torch.randn(len(images), 3) * self.alphastd
        shift = (noise * DEVIATIONS) @ COMPONENTS.T
        return (images + shift.to(images)[:, :, None, None]).clamp(0, 1)
