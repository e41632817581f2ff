"""Prepare images for an encoder file as its ``preprocessing.json`` describes, without torch."""

import json
from collections.abc import Callable
from os import PathLike
from typing import Any

import numpy as np

from .image_types import UnreadableImageError
from .reader import ImageReader
from .resize import PILLOW_FILTERS, resize_as_opencv, resize_as_pillow

FORMAT = 1
EDGES = ('short', 'long', 'width', 'height')
MAX_SIDE = 1 << 12  # pixels of a resized or cropped side
MAX_STEPS = 16
MAX_BYTES = 1 << 16


class Preprocessing:
    """Decode, resize and crop an image to the input of an encoder.

    Args:
        settings (dict): ``format``; ``read``, the arguments of
            :class:`~npid_mm.images.ImageReader`; ``size``, height and width of the result; and
            ``steps``, a list of

            - ``{'type': 'resize', 'width', 'height', 'library', 'filter'}``
            - ``{'type': 'resize_edge', 'edge', 'size', 'library', 'filter'}``: one edge ('short',
              'long', 'width' or 'height') gets ``size``, and the other one follows
            - ``{'type': 'center_crop', 'width', 'height'}``

            with the pixels of the filter of 'pillow' or 'opencv' (only 'bilinear').

    Raises:
        ValueError: If the settings are of another form, or a number is out of range.

    Example:
        >>> prepare = Preprocessing.from_json(Path('preprocessing.json').read_bytes())
        >>> prepare('cat.jpg').shape
        (224, 224, 3)
    """

    def __init__(self, settings: dict):
        keys = ('format', 'read', 'steps', 'size')
        _check_keys('the preprocessing', settings, keys)
        if settings['format'] != FORMAT:
            raise ValueError(
                f'the preprocessing must be of format {FORMAT}, got {settings["format"]!r:.80}'
            )
        read, steps = settings['read'], settings['steps']
        optional = ('channels',) if isinstance(read, dict) and 'channels' in read else ()
        _check_keys('read', read, ('background', 'max_pixels', 'value_range', *optional))
        self.reader = ImageReader(**read)
        self.channels = self.reader.channels or 3
        self.dtype = np.float32 if self.reader.channels else np.uint8
        self._most = 3 * self.reader.max_pixels // max(self.channels, 3)  # pixels of any step
        if not isinstance(steps, list) or len(steps) > MAX_STEPS:
            raise ValueError(f'steps must be a list of at most {MAX_STEPS}, got {steps!r:.80}')
        self._steps = [_step(step) for step in steps]
        size = settings['size']
        if not isinstance(size, list) or len(size) != 2:
            raise ValueError(f'size must be height and width, got {size!r:.80}')
        self.size = _side('size', size[0]), _side('size', size[1])
        self.settings = settings

    @classmethod
    def from_json(cls, content: bytes) -> 'Preprocessing':
        """Read the content of a ``preprocessing.json``.

        Raises:
            ValueError: If it is too long, damaged or refused.
        """
        if len(content) > MAX_BYTES:
            raise ValueError(f'the preprocessing must have at most {MAX_BYTES:,} bytes')
        try:
            settings = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise ValueError(f'the preprocessing is not JSON: {error}') from error
        return cls(settings)

    def to_json(self) -> str:
        """The settings as the text of a ``preprocessing.json``."""
        return json.dumps(self.settings, indent=1) + '\n'

    def transform(self, image: np.ndarray) -> np.ndarray:
        """Resize and crop pixels (H, W, 3) of uint8 in any order of the channels, or (H, W, C).

        Raises:
            UnreadableImageError: If an image as narrow as this would become too large.
        """
        for step in self._steps:
            image = step(image, self._most)
        return image

    def __call__(self, image: str | PathLike | np.ndarray) -> np.ndarray:
        """Prepare a file, or an array as :meth:`ImageReader.from_array` takes it.

        Returns:
            ndarray: (H, W, 3) of uint8, RGB; with ``channels``, (H, W, C) of float32.

        Raises:
            UnreadableImageError: If the file is refused or damaged.
            OSError: If it cannot be opened.
        """
        if isinstance(image, np.ndarray):
            pixels = self.reader.from_array(image)
            pixels = pixels if self.reader.channels else pixels[..., ::-1]
        else:
            self.reader.check(image)
            pixels = self.reader.read(image)
        return self.transform(np.ascontiguousarray(pixels))


Step = Callable[[np.ndarray, int], np.ndarray]


def _step(step: Any) -> Step:
    """Function of an image and the largest number of pixels, for a step of the settings."""
    kind = step.get('type') if isinstance(step, dict) else None
    if kind == 'resize':
        _check_keys('resize', step, ('type', 'width', 'height', 'library', 'filter'))
        resize = _filter(step['library'], step['filter'])
        width, height = _side('width', step['width']), _side('height', step['height'])
        return lambda image, most: resize(image, *_limited(image, width, height, most))
    if kind == 'resize_edge':
        _check_keys('resize_edge', step, ('type', 'edge', 'size', 'library', 'filter'))
        resize = _filter(step['library'], step['filter'])
        size, edge = _side('size', step['size']), step['edge']
        if edge not in EDGES:
            raise ValueError(f'edge must be one of {", ".join(EDGES)}, got {edge!r:.80}')
        return lambda image, most: resize(image, *_edge_size(image, edge, size, most))
    if kind == 'center_crop':
        _check_keys('center_crop', step, ('type', 'width', 'height'))
        width, height = _side('width', step['width']), _side('height', step['height'])
        return lambda image, most: _center_crop(image, width, height)
    raise ValueError(f'a step must be of type resize, resize_edge or center_crop, got {step!r:.80}')


def _filter(library: Any, kind: Any) -> Callable[[np.ndarray, int, int], np.ndarray]:
    if library == 'opencv' and kind == 'bilinear':
        return resize_as_opencv
    if library == 'pillow' and kind in list(PILLOW_FILTERS):
        return lambda image, width, height: resize_as_pillow(image, width, height, kind)
    raise ValueError(
        'library and filter must be opencv and bilinear, or pillow and one of '
        f'{", ".join(PILLOW_FILTERS)}, got {library!r:.80} and {kind!r:.80}'
    )


def _edge_size(image: np.ndarray, edge: str, size: int, most: int) -> tuple[int, int]:
    """Width and height, rounded as in MMPretrain's ResizeEdge."""
    height, width = image.shape[:2]
    by_width = dict(short=width < height, long=width > height, width=True, height=False)[edge]
    if by_width:
        target = size, int(size * height / width)
    else:
        target = int(size * width / height), size
    return _limited(image, *target, most)


def _limited(image: np.ndarray, width: int, height: int, most: int) -> tuple[int, int]:
    """Width and height of a resized image, if they are not too many pixels."""
    if not 1 <= width * height <= most:
        raise UnreadableImageError(
            f'the image has {image.shape[1]} x {image.shape[0]} pixels, and would be resized to '
            f'{width} x {height}: crop it'
        )
    return width, height


def _center_crop(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Crop as in mmcv's CenterCrop, which keeps an image that is smaller."""
    height, width = min(height, image.shape[0]), min(width, image.shape[1])
    top = round((image.shape[0] - height) / 2)
    left = round((image.shape[1] - width) / 2)
    return image[top : top + height, left : left + width]


def _check_keys(name: str, value: Any, keys: tuple[str, ...]) -> None:
    if not isinstance(value, dict) or value.keys() != set(keys):
        raise ValueError(f'{name} must have the keys {", ".join(keys)}, got {value!r:.80}')


def _side(name: str, value: Any) -> int:
    if type(value) is not int or not 1 <= value <= MAX_SIDE:
        raise ValueError(f'{name} must be in 1..{MAX_SIDE:,}, got {value!r:.80}')
    return value
