"""Maps of every layer, pooled to vectors of about the same length."""

from collections.abc import Sequence

from mmpretrain.registry import MODELS
from torch import Tensor, nn

# kernel, stride and padding for the stem and the stages of a ResNet-50 at 224 x 224, which give
# 9216, 9216, 8192, 9216 and 8192 numbers
RESNET50_POOLS = ((10, 10, 4), (16, 8, 0), (13, 5, 0), (8, 3, 0), (6, 1, 0))


@MODELS.register_module()
class LayerPooling(nn.Module):
    """Average pooling of each map, flattened: the features of the protocol's layer-wise probes.

    Args:
        pools (Sequence[tuple[int, int, int]]): Kernel, stride and padding for each map.
    """

    def __init__(self, pools: Sequence[Sequence[int]] = RESNET50_POOLS):
        super().__init__()
        self.pools = nn.ModuleList(nn.AvgPool2d(*pool) for pool in pools)

    def forward(self, maps: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Maps (B, C, H, W), one a layer, to vectors (B, C x positions), one a layer.

        Raises:
            ValueError: There are more or fewer maps than pools, or a map is smaller than its pool.
        """
        if len(maps) != len(self.pools):
            raise ValueError(
                f'the backbone gives {len(maps)} maps, but LayerPooling has {len(self.pools)} '
                'pools: StemResNet gives five; for another backbone set model.neck.pools'
            )
        for number, (image, pool) in enumerate(zip(maps, self.pools, strict=True), start=1):
            height, width = image.shape[2:]
            if min(height, width) + 2 * pool.padding < pool.kernel_size:
                raise ValueError(
                    f'the map of feature{number} is {height} x {width}, smaller than its pool of '
                    f'{pool.kernel_size} x {pool.kernel_size}: the default pools are for a '
                    'ResNet-50 at 224 x 224; use larger images or set model.neck.pools'
                )
        return tuple(pool(image).flatten(1) for image, pool in zip(maps, self.pools, strict=True))
