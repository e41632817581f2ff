"""Head with a linear classifier on every layer."""

from collections.abc import Sequence

import torch
from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn
from torch.nn import functional as F

from npid_mm.utils.checks import check_whole


@MODELS.register_module()
class LayerLinearHead(BaseModule):
    """Linear classifiers of all layers, trained together; feature1 is the first layer's.

    A batch norm without learned parameters precedes each, with statistics of the C channels of
    the pooled map.

    Args:
        num_classes (int): Number of classes.
        channels (Sequence[int]): Channels of each layer's map; a ResNet-50's by default.
        in_channels (Sequence[int]): Length of each layer's pooled and flattened map.
        norm (str): Type of batch norm, 'SyncBN' or 'BN1d'.

    Raises:
        ValueError: If a length is not a multiple of the layer's channels, or ``num_classes`` is
            below 1.

    Example:
        >>> head = LayerLinearHead(10, channels=(4, 8), in_channels=(16, 8), norm='BN1d')
        >>> sorted(head([torch.zeros(2, 16), torch.zeros(2, 8)]))
        ['feature1', 'feature2']
    """

    def __init__(
        self,
        num_classes: int,
        channels: Sequence[int] = (64, 256, 512, 1024, 2048),
        in_channels: Sequence[int] = (9216, 9216, 8192, 9216, 8192),
        norm: str = 'SyncBN',
    ):
        super().__init__(dict(type='Normal', layer='Linear', std=0.01))
        check_whole('num_classes', num_classes)
        if len(channels) != len(in_channels) or any(
            length % width for length, width in zip(in_channels, channels, strict=True)
        ):
            raise ValueError(
                'in_channels must have a multiple of the channels for each layer, got in_channels='
                f'{tuple(in_channels)} with channels={tuple(channels)}'
            )
        self.num_classes = num_classes
        self.channels = tuple(channels)
        self.names = [f'feature{number}' for number in range(1, len(channels) + 1)]
        norm_cfg = dict(type=norm, momentum=0.1, affine=False)
        self.norms = nn.ModuleList(build_norm_layer(norm_cfg, width)[1] for width in channels)
        self.fcs = nn.ModuleList(nn.Linear(length, num_classes) for length in in_channels)

    def forward(self, features: Sequence[Tensor]) -> dict[str, Tensor]:
        """Map one vector (B, length) per layer to {name of the layer: scores (B, classes)}."""
        scores = {}
        for name, feature, width, norm, fc in zip(
            self.names, features, self.channels, self.norms, self.fcs, strict=True
        ):
            # (B, C, positions): one statistic per channel
            scores[name] = fc(norm(feature.unflatten(1, (width, -1))).flatten(1))
        return scores

    def loss(self, features: Sequence[Tensor], data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Return the cross entropy of each layer, as ``feature1.loss`` and so on."""
        target = torch.cat([sample.gt_label for sample in data_samples])
        scores = self(features)
        return {f'{name}.loss': F.cross_entropy(scores[name], target) for name in self.names}

    def predict(
        self, features: Sequence[Tensor], data_samples: list[DataSample]
    ) -> list[DataSample]:
        """Set ``layer_scores`` of each data sample: {name of a layer: scores (classes,)}."""
        scores = self(features)
        for row, sample in enumerate(data_samples):
            sample.set_field({name: scores[name][row] for name in self.names}, 'layer_scores')
        return data_samples
