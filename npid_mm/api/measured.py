"""Size and values of a user's images, measured once and kept in the folder of their run."""

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from npid_mm.images.measure import ImageValues, describe_values, measure_values, sample_headers

from .run_folder import MEASURED, RECORD

LARGEST, STEP = 224, 16  # pixels of the largest image size that is chosen, and of its steps
SAMPLE = 100  # images that are looked at


class Measured(NamedTuple):
    """Image size and values that a run takes from its images."""

    image_size: int  # the median of the shorter edges, rounded up, at most LARGEST
    values: ImageValues | None  # None for 8-bit color


def measure_images(paths: Sequence[str], with_values: bool) -> Measured:
    """Measure a sample of images, and print how they are read if they are not 8-bit color.

    Args:
        paths (Sequence[str]): The images.
        with_values (bool): Measure values, instead of reading all images as 8-bit color.

    Raises:
        ValueError: If the images differ in channels or in the type of their values.
    """
    headers = sample_headers(paths, SAMPLE)
    edges = [min(header.height, header.width) for header in headers.values()]
    edge = int(median(edges)) if edges else LARGEST
    values = measure_values(headers) if with_values else None
    if values:
        print('; '.join(describe_values(values)))
    return Measured(min(LARGEST, -(-edge // STEP) * STEP), values)


def read_measured(folder: Path) -> Measured | None:
    """Read what was measured when the run of a folder began; None if it was not kept.

    Raises:
        ValueError: If the file is damaged.
    """
    path = folder / RECORD
    try:
        found = json.loads(path.read_text(encoding='utf-8')).get(MEASURED)
        if found is None:
            return None
        values = found['values'] and ImageValues(**found['values'])
        return Measured(found['image_size'], values)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f'{path} is damaged ({error}): name another folder') from error
