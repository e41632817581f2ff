"""Transform that resizes images of any number of channels."""

from mmpretrain.datasets import ResizeEdge
from mmpretrain.registry import TRANSFORMS

from npid_mm.images.resize import resize_as_pillow


@TRANSFORMS.register_module()
class ResizeChannels(ResizeEdge):
    """Resize an edge of images (H, W, C) of float32 with Pillow's bilinear filter.

    MMPretrain's ``ResizeEdge`` takes 8-bit color, or does not average when it shrinks.

    Args:
        scale (int): Size of the edge in pixels.
        edge (str): 'short', 'long', 'width' or 'height'.
    """

    def __init__(self, scale: int, edge: str = 'short'):
        super().__init__(scale, edge, backend='pillow')

    def _resize_img(self, results: dict) -> None:
        width, height = results['scale']
        results['img'] = resize_as_pillow(results['img'], width, height, self.interpolation)
        results['img_shape'] = height, width
