"""A trained network as one module, from pixels to unit rows."""

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from npid_mm.engine.features import batch_features
from npid_mm.engine.inference import index_feature
from npid_mm.images.preprocessing import Preprocessing


class PixelEncoder(nn.Module):
    """Network of an index with its channel order and normalization, ready for export.

    Args:
        model (BaseModel): Result of :func:`~npid_mm.engine.inference.load_network`.
        bgr (bool): Whether its data preprocessor expects BGR.
    """

    def __init__(self, model: BaseModel, bgr: bool):
        super().__init__()
        self.model = model
        self.bgr = bgr
        self.level = index_feature(model._config)
        self.eval()

    def forward(self, image: Tensor) -> Tensor:
        """Embed images as unit rows (B, D) of float32.

        Args:
            image (Tensor): (B, H, W, 3) of uint8, RGB, or (B, H, W, C) of float32.
        """
        inputs = image.permute(0, 3, 1, 2)
        if self.bgr:
            inputs = inputs[:, [2, 1, 0]]
        rows, _ = batch_features(self.model, {'inputs': inputs, 'data_samples': None}, self.level)
        return rows.float()

    def example(self, preprocessing: Preprocessing) -> Tensor:
        """Two images (2, H, W, C) to trace the network with."""
        generator = torch.Generator().manual_seed(0)
        shape = (2, *preprocessing.size, preprocessing.channels)
        pixels = torch.randint(0, 256, shape, generator=generator)
        return pixels.to(torch.float32 if preprocessing.reader.channels else torch.uint8)
