"""AlexNet up to its fifth convolution, whose map regions are pooled from."""

from mmpretrain.models import AlexNet
from mmpretrain.registry import MODELS
from torch import Tensor

CONVOLUTIONS = 5


@MODELS.register_module()
class AlexNetC5(AlexNet):
    """MMPretrain's AlexNet without the last max pooling, for detectors.

    The weights have the same names as in ``AlexNet``.

    Args:
        frozen_stages (int): Convolutions from the first on that are not trained.

    Raises:
        ValueError: If there are fewer convolutions than ``frozen_stages``.

    Example:
        >>> (map,) = AlexNetC5(frozen_stages=1)(torch.rand(1, 3, 224, 224))
        >>> map.shape
        torch.Size([1, 256, 13, 13])
    """

    def __init__(self, frozen_stages: int = 0):
        super().__init__()
        if not 0 <= frozen_stages <= CONVOLUTIONS:
            raise ValueError(f'frozen_stages must be 0 to {CONVOLUTIONS}, got {frozen_stages}')
        del self.features[-1]
        # the weights alternate with the biases of the same convolution
        for parameter in list(self.features.parameters())[: 2 * frozen_stages]:
            parameter.requires_grad = False

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Map images (B, 3, H, W) to the map (B, 256, about H / 16, about W / 16)."""
        return (self.features(x),)
