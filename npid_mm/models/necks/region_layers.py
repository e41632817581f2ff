"""The fully connected layers of a pretraining, on the pooled regions of a detector."""

from mmpretrain.models import NonLinearNeck
from mmpretrain.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class RegionLayers(NonLinearNeck):
    """The hidden layers of a ``NonLinearNeck`` as the ``shared_head`` of a Fast R-CNN.

    The weights have the names that they have in the neck, whose last layer, the embedding, is left
    out. The norms keep the statistics of the pretraining, because the regions of a step are of two
    images only.

    Args:
        in_channels (int): Length of a pooled region, channels times height times width.
        hid_channels (int): Length of the output of each layer.
        num_layers (int): Number of layers, each with a norm and ReLU.

    Example:
        >>> layers = RegionLayers(256 * 6 * 6)
        >>> layers(torch.rand(8, 256, 6, 6)).shape
        torch.Size([8, 4096, 1, 1])
    """

    def __init__(self, in_channels: int, hid_channels: int = 4096, num_layers: int = 2):
        super().__init__(
            in_channels,
            hid_channels,
            hid_channels,
            num_layers,
            with_avg_pool=False,
            norm_cfg=dict(type='BN1d'),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map regions (R, C, H, W) to features (R, ``hid_channels``, 1, 1)."""
        (features,) = super().forward((x,))
        return self.relu(features)[..., None, None]

    def train(self, mode: bool = True) -> 'RegionLayers':
        """Set the mode, but not that of the norms."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm1d):
                module.eval()
        return self
