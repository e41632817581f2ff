"""A trained network with its preprocessing, as a module of PyTorch."""

import io
import os
from typing import Any

import numpy as np
import torch
from mmengine.model import BaseModel
from PIL import Image
from torch import Tensor, nn

from npid_mm.datasets.transforms.image_pipeline import ImagePipeline
from npid_mm.engine.features import unit_features
from npid_mm.engine.inference import index_feature, load_network
from npid_mm.images import ImageReader, errors_with_path
from npid_mm.retrieval.image_files import check_size

from .run_folder import find_run

PNG = ('1', 'L', 'LA', 'P', 'PA', 'RGB', 'RGBA', 'I', 'I;16')  # modes that a PNG keeps
KINDS = (
    'images must be paths, images of Pillow, arrays (H, W, 3) or (H, W) of uint8, or a list of '
    'these, or a tensor (B, 3, H, W) of uint8 or of floats in 0..1, all RGB'
)


class Encoder(nn.Module):
    """A trained network with its preprocessing: images in, unit vectors out.

    It is a module like any other: it can be moved, fine-tuned, or be a part of another one. It is
    in evaluation mode at first.

    Args:
        network (BaseModel): Result of :func:`~npid_mm.engine.inference.load_network`.

    Attributes:
        network (BaseModel): Backbone, neck and normalization of the pixels.

    Example:
        >>> encoder = npid_mm.load('run')
        >>> encoder(['cat.jpg', 'dog.jpg']).shape
        torch.Size([2, 128])
    """

    def __init__(self, network: BaseModel):
        super().__init__()
        self.network = network
        self._level = index_feature(network._config)
        self._pipeline = ImagePipeline(network._config)
        self.eval()

    @property
    def device(self) -> torch.device:
        """torch.device: Device of the weights."""
        return next(self.parameters()).device

    def preprocess(self, image: Any) -> Tensor:
        """Prepare an image for a batch, for example as the transform of a data set.

        Args:
            image (str | PathLike | Image | ndarray): A file, an image of Pillow, or an array
                (H, W, 3) or (H, W) of uint8, RGB. For a network of images of C channels, an array
                (H, W, C) of any numbers.

        Returns:
            Tensor: (3, H, W) of uint8, RGB, or (C, H, W) of float32, on the CPU.

        Raises:
            TypeError: If ``image`` is none of these.
            UnreadableImageError: If the image is refused, or damaged.
            OSError: If the file cannot be opened.
        """
        prepared: Any
        if isinstance(image, (str, os.PathLike)):
            with errors_with_path(image):
                prepared = self._pipeline(os.fspath(image))
        else:
            prepared = self._pipeline(_pixels(image, self._pipeline.reader))
        pixels = prepared['inputs']
        return pixels if self._pipeline.rgb else pixels.flip(0)

    def forward(self, images: Any) -> Tensor:
        """Embed images.

        Args:
            images (str | PathLike | Image | ndarray | list | Tensor): One image or a list of them,
                as :meth:`preprocess` takes it; or a batch (B, 3, H, W) that is prepared already,
                RGB, of uint8 in 0..255 or of floats in 0..1; or (B, C, H, W) of float32, the values
                of images of C channels. Gradients flow back to it.

        Returns:
            Tensor: (B, D), unit rows in float32, on the device of the weights; B = 1 for one image.

        Raises:
            TypeError: If ``images`` is something else.
            ValueError: If an image is refused, or the images of a list differ in size after the
                preprocessing.
        """
        if isinstance(images, Tensor):
            batch = _batch(images, self._pipeline.reader.channels)
        else:
            several = images if isinstance(images, (list, tuple)) else [images]
            if not several:
                raise ValueError('images must be at least one, got none')
            prepared = [self.preprocess(image) for image in several]
            for each in prepared:
                check_size(each.shape[1:], prepared[0].shape[1:])
            batch = torch.stack(prepared)
        batch = batch.to(self.device)
        data = {'inputs': batch if self._pipeline.rgb else batch.flip(1), 'data_samples': None}
        inputs = self.network.data_preprocessor(data, False)['inputs']
        return unit_features(self.network, inputs, self._level)


def load(
    run: str | os.PathLike,
    *,
    device: str | None = None,
    config: str | os.PathLike | None = None,
) -> Encoder:
    """Load the network of a run with its preprocessing.

    Args:
        run (str | PathLike | Run): Folder of a run, or one of its checkpoints.
        device (str, optional): Defaults to the GPU if there is one.
        config (str | PathLike, optional): Config of the checkpoint, if its folder has no
            ``run.json``. A config in Python is executed.

    Returns:
        Encoder: The module, in evaluation mode.

    Raises:
        FileNotFoundError: If the checkpoint or its config is missing.
        ValueError: If the checkpoint is not of the network, or the device does not exist.

    Example:
        >>> encoder = npid_mm.load('run')
        >>> similarity = encoder('cat.jpg') @ encoder('dog.jpg').T
    """
    return Encoder(load_network(*find_run(run, config), device))


def _pixels(image: Any, reader: ImageReader) -> np.ndarray:
    """Convert an image of Pillow, or an array, to what the reader gives for a file."""
    if reader.channels and isinstance(image, np.ndarray):
        return reader.from_array(image)
    if isinstance(image, np.ndarray) and image.dtype == np.uint8:
        if image.ndim == 2:
            return np.repeat(image[..., None], 3, axis=2)
        if image.ndim == 3 and image.shape[2] == 3:
            return np.ascontiguousarray(image[..., ::-1])
    if not isinstance(image, Image.Image):
        array = isinstance(image, np.ndarray)
        kind = f' of shape {image.shape} and {image.dtype}' if array else ''
        raise TypeError(f'{KINDS}, got {type(image).__name__}{kind}')
    # as a file in memory, it meets the rules for transparency, depth and orientation
    file = io.BytesIO()
    kept = image if image.mode in (*PNG, 'F') else image.convert('RGB')
    format = 'TIFF' if image.mode == 'F' else 'PNG'
    kept.save(file, format, compress_level=1, exif=image.getexif())
    return reader.decode(file.getvalue())


def _batch(images: Tensor, channels: int | None) -> Tensor:
    """Check a batch, and scale it to 0..255 unless it has values of ``channels``.

    Raises:
        TypeError: If it has another shape, type or range.
    """
    if channels:
        if images.ndim == 4 and images.shape[1] == channels:
            return images.float()
        raise TypeError(
            f'a tensor of images must be (B, {channels}, H, W), got {tuple(images.shape)}'
        )
    floats = images.is_floating_point()
    fits = images.ndim == 4 and images.shape[1] == 3 and (floats or images.dtype == torch.uint8)
    if not fits:
        raise TypeError(f'{KINDS}, got a tensor {tuple(images.shape)} of {images.dtype}')
    if not floats:
        return images
    low, high = images.detach().aminmax() if images.numel() else (0.0, 0.0)
    if low < 0 or high > 1:
        raise TypeError(f'{KINDS}, got floats in {float(low):.3g}..{float(high):.3g}')
    return images * 255
