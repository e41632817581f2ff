"""Pool the maps of every layer to vectors of about the same length."""

from collections.abc import Sequence

from mmpretrain.registry import MODELS
from torch import Tensor, nn

# Kernel, stride and padding for the stem and the stages of a ResNet-50 at 224 x 224. The vectors
# have 9216, 9216, 8192, 9216 and 8192 numbers.
RESNET50_POOLS = ((10, 10, 4), (16, 8, 0), (13, 5, 0), (8, 3, 0), (6, 1, 0))


@MODELS.register_module()
class LayerPooling(nn.Module):
    """Average pooling of each map, flattened: the features of the protocol's layer-wise probes.

    Args:
        pools (Sequence[tuple[int, int, int]]): Kernel, stride and padding for each map.

    Example:
        >>> pooling = LayerPooling([(2, 2, 0)])
        >>> [vector.shape for vector in pooling([torch.zeros(8, 16, 4, 4)])]
        [torch.Size([8, 64])]
    """

    def __init__(self, pools: Sequence[tuple[int, int, int]] = RESNET50_POOLS):
        super().__init__()
        self._sizes = tuple(pools)
        self.pools = nn.ModuleList(
            nn.AvgPool2d(kernel, stride, padding) for kernel, stride, padding in pools
        )

    def forward(self, maps: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Pool one map (B, C, H, W) per layer to one vector (B, C x positions) per layer.

        Raises:
            ValueError: If the number of maps is not that of the pools, or a map is smaller than its
                pool.
        """
        if len(maps) != len(self.pools):
            raise ValueError(
                f'the backbone gives {len(maps)} maps, but LayerPooling has {len(self.pools)} '
                'pools: StemResNet gives five; for another backbone set model.neck.pools'
            )
        for number, (image, (kernel, _, padding)) in enumerate(
            zip(maps, self._sizes, strict=True), start=1
        ):
            height, width = image.shape[2:]
            if min(height, width) + 2 * padding < kernel:
                raise ValueError(
                    f'the map of feature{number} is {height} x {width}, smaller than its pool of '
                    f'{kernel} x {kernel}: the default pools are for a ResNet-50 at 224 x 224; '
                    'use larger images or set model.neck.pools'
                )
        return tuple(pool(image).flatten(1) for image, pool in zip(maps, self.pools, strict=True))
