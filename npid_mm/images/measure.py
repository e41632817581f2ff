"""Measure the values of images that are not 8-bit photographs."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from npid_mm.utils.paths import printable_path

from .header import file_header
from .image_types import Header, UnreadableImageError
from .reader import ImageReader

DIGITS = 6  # of a mean, a deviation and a limit
EXACT = 24  # bits that float32 keeps
INEXACT = ('32-bit integers', '64-bit integers', '64-bit floats')


class ImageValues(NamedTuple):
    """Values of images (H, W, C), measured on a sample of them."""

    channels: int  # C
    mean: list[float]  # of each channel
    std: list[float]  # of each channel; 1 for a constant channel
    low: float  # the smallest and the largest value
    high: float
    color: bool  # red, green and blue
    kind: str  # for messages, such as '13 channels of 16-bit integers'


def sample_headers(paths: Sequence[str], most: int) -> dict[str, Header]:
    """Read the headers of evenly spaced files, and leave unreadable ones out.

    Args:
        paths (Sequence[str]): N files.
        most (int): Largest number of files to open.
    """
    headers = {}
    count = min(len(paths), most)
    for path in (paths[number * len(paths) // count] for number in range(count)):
        try:
            headers[path] = file_header(path)
        except (UnreadableImageError, OSError):  # reported before the run
            continue
    return headers


def measure_values(headers: dict[str, Header]) -> ImageValues | None:
    """Measure images of more than 8 bits, of other channels than gray and color, or of .npy files.

    Args:
        headers (dict[str, Header]): Result of :func:`sample_headers`.

    Returns:
        ImageValues, optional: None if at least half of the files are ordinary 8-bit images.

    Raises:
        ValueError: If the images differ in the number of channels or in the type of their values.
        UnreadableImageError: If none of them can be decoded.
    """
    special = [each for each in headers.values() if _is_special(each)]
    if 2 * len(special) <= len(headers):
        return None
    kinds = {path: _kind(header) for path, header in headers.items()}
    counts = Counter(kinds.values()).most_common()
    if len(counts) > 1:
        listed = ', '.join(f'{count} of {kind}' for kind, count in counts)
        example = next(path for path, kind in kinds.items() if kind != counts[0][0])
        raise ValueError(
            f'images must have one number of channels and one type of values, got {listed}, such '
            f'as {printable_path(example)}: train on one kind, or set value_range to read gray and '
            'color images as 8 bits'
        )
    channels = special[0].channels
    color = channels == 3 and not special[0].source
    return ImageValues(channels, *_measure(list(headers), channels), color, counts[0][0])


def describe_values(values: ImageValues) -> list[str]:
    """Describe in sentences how such images are read."""
    lines = [
        f'images of {values.kind}, with values from {values.low:g} to {values.high:g}; mean '
        f'{_listed(values.mean)}, deviation {_listed(values.std)}'
    ]
    if values.kind.endswith(INEXACT):
        lines.append(f'values are rounded to floats of {EXACT} bits')
    if not values.color:
        lines.append('no change of colors augments them, only of brightness and contrast')
    return lines


def _is_special(header: Header) -> bool:
    return bool(header.depth or header.source) or header.channels not in (1, 3)


def _kind(header: Header) -> str:
    plural = 's'[: header.channels != 1]
    return f'{header.channels} channel{plural} of {header.depth or "8-bit integers"}'


def _measure(paths: Sequence[str], channels: int) -> tuple[list[float], list[float], float, float]:
    """Mean and deviation of each channel, and the limits of all values, over finite ones."""
    reader = ImageReader(channels=channels, value_range=(0, 1))
    total, squares, count = np.zeros(channels), np.zeros(channels), np.zeros(channels)
    center = None  # about which squares are summed, near the mean
    low, high = np.inf, -np.inf
    reason: Exception | None = None
    for path in paths:
        try:
            content = Path(path).read_bytes()
            pixels = reader.decode(content, finite=False).reshape(-1, channels).astype(np.float64)
        except (UnreadableImageError, OSError) as error:
            reason = error
            continue
        finite = np.isfinite(pixels)
        if not finite.any():
            continue
        low, high = min(low, pixels[finite].min()), max(high, pixels[finite].max())
        if center is None:
            center = np.where(finite, pixels, 0.0).sum(0) / finite.sum(0).clip(1)
        shifted = np.where(finite, pixels, center) - center
        total += shifted.sum(0)
        squares += np.square(shifted).sum(0)
        count += finite.sum(0)
    if center is None:
        raise UnreadableImageError(f'no image has values: {reason or "none is finite"}')
    shift = total / count.clip(1)
    deviation = np.sqrt((squares / count.clip(1) - shift**2).clip(0))
    deviation[deviation == 0] = 1
    if low == high:
        high = low + 1
    return _rounded(center + shift), _rounded(deviation), float(low), float(high)


def _rounded(values: np.ndarray) -> list[float]:
    return [float(f'{value:.{DIGITS}g}') for value in values]


def _listed(values: Sequence[float]) -> str:
    shown = ', '.join(f'{value:.4g}' for value in values[:4])
    return f'{shown}, ...' if len(values) > 4 else shown
