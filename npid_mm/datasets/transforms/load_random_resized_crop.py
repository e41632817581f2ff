"""Transform that decodes only a random crop of an image file."""

from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from mmpretrain.datasets import RandomResizedCrop
from mmpretrain.registry import TRANSFORMS
from torchvision.transforms.v2 import functional as F

from npid_mm.images import ImageReader, errors_with_path
from npid_mm.images.jpeg import decode_jpeg_crop

from .load_image import file_content

# a JPEG's blocks of 8 x 8 pixels can be decoded to 4 x 4, 2 x 2 or one pixel
REDUCED = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


class Box(NamedTuple):
    """A rectangle in an image, in pixels."""

    top: int
    left: int
    height: int
    width: int

    def at(self, factor: int) -> 'Box':
        """The same rectangle at 1 / ``factor`` of the resolution."""
        return Box(*(round(side / factor) for side in self))


@TRANSFORMS.register_module()
class LoadRandomResizedCrop(RandomResizedCrop):
    """Load a random crop of an image, resized with antialiasing.

    The crop is sampled from the size in the file's header. A JPEG is decoded at half, a quarter or
    an eighth of its resolution if the crop still has as many pixels as the output, and with
    libjpeg-turbo only the crop is decoded. An image in memory (``img``) is cropped as well; a gray
    one gets three equal channels. Files are read as by :class:`~npid_mm.images.ImageReader`.

    Required key: ``img_path`` or ``img``. Added keys: ``img`` (H, W, 3) uint8, BGR if it was read
    from a file, or (H, W, C) float32 with ``channels``; ``img_shape``.

    Args:
        scale (int | tuple[int, int]): Size of the output in pixels, one side or (height, width).
        crop_ratio_range (tuple[float, float]): Area of the crop over that of the image.
        aspect_ratio_range (tuple[float, float]): Width over height of the crop.
        backend_args (dict, optional): Arguments of MMEngine's file backend.
        **reader: Arguments of :class:`~npid_mm.images.ImageReader`: ``background``,
            ``max_pixels``, ``value_range``, ``channels``.

    Raises:
        UnreadableImageError: If the file cannot be read, even outside the crop.
    """

    def __init__(
        self,
        scale: int | tuple[int, int],
        crop_ratio_range: tuple[float, float] = (0.08, 1.0),
        aspect_ratio_range: tuple[float, float] = (3 / 4, 4 / 3),
        backend_args: dict | None = None,
        **reader: Any,
    ):
        super().__init__(scale, crop_ratio_range, aspect_ratio_range)
        self.backend_args = backend_args
        self.reader = ImageReader(**reader)

    def transform(self, results: dict) -> dict:
        """Load, crop and resize one image."""
        image = results.get('img')
        if image is None:
            with errors_with_path(results['img_path']):
                image = self._decode_crop(results['img_path'])
        else:
            image = _cut(_three_channels(image), self._sample_box(*image.shape[:2]))
        results['img'] = _resize(image, self.scale)
        results['img_shape'] = results['img'].shape[:2]
        return results

    def _sample_box(self, height: int, width: int) -> Box:
        """Sample a crop of an image of ``height`` x ``width``."""
        # the parent needs an image, but reads only its shape
        return Box(*self.rand_crop_params(np.broadcast_to(np.uint8(0), (height, width))))

    def _decode_crop(self, path: str) -> np.ndarray:
        """Decode a random crop (h, w, 3) of an image file, no finer than needed."""
        content = file_content(path, self.backend_args)
        header = self.reader.header(content)
        box = self._sample_box(header.height, header.width)
        plain_jpeg = header.is_jpeg and header.opencv and not self.reader.channels
        factor = _decoding_factor(box, self.scale) if plain_jpeg else 1
        box = box.at(factor)
        image = None
        if plain_jpeg and header.orientation == 1:
            image = decode_jpeg_crop(content, *box, factor)
        if image is None:
            image = _cut(self.reader.decode(content, header, REDUCED[factor]), box)
        return image

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(scale={self.scale}, crop_ratio_range={self.crop_ratio_range}, '
            f'aspect_ratio_range={self.aspect_ratio_range}, backend_args={self.backend_args}, '
            f'reader={self.reader})'
        )


def _decoding_factor(box: Box, scale: tuple[int, int]) -> int:
    """Largest factor to divide the resolution by, so that the crop still fills the output."""
    spare = min(box.height / scale[0], box.width / scale[1])
    return max(factor for factor in REDUCED if factor <= max(spare, 1))


def _three_channels(image: np.ndarray) -> np.ndarray:
    """Give a gray image (H, W) or (H, W, 1), e.g. of MNIST, three equal channels."""
    gray = image.ndim == 2 or image.shape[2] == 1
    return np.repeat(image.reshape(*image.shape[:2], 1), 3, axis=2) if gray else image


def _cut(image: np.ndarray, box: Box) -> np.ndarray:
    """Crop an image (H, W, C)."""
    top, left, height, width = box
    return image[top : top + height, left : left + width]


def _resize(image: np.ndarray, scale: tuple[int, int]) -> np.ndarray:
    """Resize (h, w, C) with antialiasing, as torchvision does, into a new array."""
    if image.shape[:2] == tuple(scale):
        return image.copy()
    # the memory of a data set may be read-only, which PyTorch warns of
    channels_first = torch.from_numpy(np.require(image, requirements='W')).permute(2, 0, 1)
    return F.resize(channels_first, list(scale), antialias=True).permute(1, 2, 0).numpy()
