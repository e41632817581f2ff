"""Transform that loads an image file with the package's reader."""

from typing import Any

from mmcv.transforms import BaseTransform
from mmengine import fileio
from mmpretrain.registry import TRANSFORMS

from npid_mm.images import ImageReader, check_regular, errors_with_path


@TRANSFORMS.register_module()
class LoadImage(BaseTransform):
    """Load an image with :class:`~npid_mm.images.ImageReader`.

    The pixels of ordinary images, 8 bits and opaque, are those of MMPretrain's
    ``LoadImageFromFile``. An image in memory (``img``) is kept, because MMPretrain's inferencers
    load images themselves and remove only its own loader from a pipeline.

    Required key: ``img_path`` or ``img``. Added keys: ``img`` (H, W, 3) uint8, BGR if it was read
    from a file, or (H, W, C) float32 with ``channels``; ``img_shape`` and ``ori_shape``.

    Args:
        backend_args (dict, optional): Arguments of MMEngine's file backend.
        **reader: Arguments of :class:`~npid_mm.images.ImageReader`: ``background``,
            ``max_pixels``, ``value_range``, ``channels``.

    Raises:
        UnreadableImageError: If the image cannot be read.
    """

    def __init__(self, backend_args: dict | None = None, **reader: Any):
        self.backend_args = backend_args
        self.reader = ImageReader(**reader)

    def transform(self, results: dict) -> dict:
        """Load one image."""
        image = results.get('img')
        if image is None:
            path = results['img_path']
            with errors_with_path(path):
                image = self.reader.decode(file_content(path, self.backend_args))
        results['img'] = image
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(backend_args={self.backend_args}, reader={self.reader})'


def file_content(path: str, backend_args: dict | None) -> bytes:
    """Read an image file from disk, or from any file backend of MMEngine.

    Raises:
        UnreadableImageError: If it is a folder, a device or a pipe.
        OSError: If it cannot be opened.
    """
    check_regular(path)
    return fileio.get(path, backend_args)
