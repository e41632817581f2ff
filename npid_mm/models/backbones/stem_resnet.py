"""ResNet that also returns the map of its stem, for probes of every layer."""

from typing import Any

from mmpretrain.models import ResNet
from mmpretrain.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class StemResNet(ResNet):
    """MMPretrain's ResNet that returns the maps of the stem, before max pooling, and of all stages.

    The weights have the same names as in ``ResNet``.

    Args:
        depth (int): 18, 34, 50, 101 or 152.
        **kwargs: Arguments of ``ResNet``, without ``out_indices``.

    Example:
        >>> maps = StemResNet(depth=18)(torch.zeros(1, 3, 64, 64))
        >>> [tuple(each.shape[1:]) for each in maps]
        [(64, 32, 32), (64, 16, 16), (128, 8, 8), (256, 4, 4), (512, 2, 2)]
    """

    def __init__(self, depth: int, **kwargs: Any):
        stages = kwargs.get('num_stages', 4)
        super().__init__(depth, out_indices=tuple(range(stages)), **kwargs)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Map images (B, 3, H, W) to the maps of the stem (H / 2, W / 2) and of each stage."""
        stem = self.stem(x) if self.deep_stem else self.relu(self.norm1(self.conv1(x)))
        maps, x = [stem], self.maxpool(stem)
        for name in self.res_layers:
            x = getattr(self, name)(x)
            maps.append(x)
        return tuple(maps)
