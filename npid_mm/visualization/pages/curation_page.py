"""Page of findings about images: tabs, a map and a search, in which images can be marked."""

import base64
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from npid_mm.images import ImageReader
from npid_mm.visualization.neighbor_page import thumbnail, write_page
from npid_mm.visualization.style import ImageSource

BLOCK = 256  # images that a page reads at once


class Card(NamedTuple):
    """A group of images."""

    title: str
    images: Sequence[tuple[int, str]]
    """Position of each image among those of the page, and a note for its caption."""


class Tab(NamedTuple):
    """A list of groups."""

    name: str
    about: str
    cards: Sequence[Card]


def curation_page(
    images: Sequence[ImageSource],
    names: Sequence[str],
    tabs: Sequence[Tab],
    labels: Sequence[str | None] | None = None,
    rows: np.ndarray | None = None,
    points: np.ndarray | None = None,
    title: str = 'Images to look at',
    out: str | Path = 'curation.html',
    reader: ImageReader | None = None,
) -> str | Path:
    """Write a page with tabs of images that can be marked by a click.

    A link saves the marks as a CSV file with the columns ``path`` and ``mark``. With rows, the page
    searches exactly among its images; with points, it has a map on which images are selected by
    drawing around them. The page is self-contained: it works from a disk, without a network. It
    opens before all of its images are read, so the images of the first tab should come first.

    Args:
        images (Sequence[str | ndarray]): P images, files or RGB arrays (H, W, 3) of uint8.
            Unreadable files are shown as such.
        names (Sequence[str]): Path of each image in the CSV file, and in its caption.
        tabs (Sequence[Tab]): Findings. A tab without cards says that nothing was found.
        labels (Sequence[str | None], optional): Class of each image, for the map and the search.
        rows (ndarray, optional): (P, D), unit rows, which the page has in 8 bits.
        points (ndarray, optional): (P, 2), place of each image on the map.
        title (str): Title and heading of the page.
        out (str | Path): File to write.
        reader (ImageReader, optional): Reads the files. Defaults to ``ImageReader()``.

    Returns:
        str | Path: ``out``.

    Raises:
        ValueError: If the lengths differ, or a position is out of range.
    """
    labels = [None] * len(images) if labels is None else labels
    for what, values in (('names', names), ('labels', labels), ('rows', rows), ('points', points)):
        if values is not None and len(values) != len(images):
            raise ValueError(
                f'{what} must have one item for each of {len(images)} images, got {len(values)}'
            )
    for position in (position for tab in tabs for card in tab.cards for position, _ in card.images):
        if not 0 <= position < len(images):
            raise ValueError(f'tabs must name images 0..{len(images) - 1}, got {position}')
    content = {
        'images': [
            {'name': name, 'label': label} for name, label in zip(names, labels, strict=True)
        ],
        'block': BLOCK,
        'tabs': [
            {**tab._asdict(), 'cards': [card._asdict() for card in tab.cards]} for tab in tabs
        ],
        'dim': None if rows is None else rows.shape[1],
        'points': None if points is None else _fit(points),
    }
    write_page('curation_page', content, title, out, _parts(images, rows, reader or ImageReader()))
    return out


def _parts(
    images: Sequence[ImageSource], rows: np.ndarray | None, reader: ImageReader
) -> Iterator[tuple[str, str]]:
    """Yield the rows in 8 bits, then blocks of images; an unreadable one has an empty line."""
    if rows is not None:
        scale = float(np.abs(rows).max()) / 127 or 1.0
        values = np.rint(rows / scale).astype(np.int8)
        yield 'rows', f'{scale} {base64.b64encode(values.tobytes()).decode()}'
    for start in range(0, len(images), BLOCK):
        found = [thumbnail(image, reader)['src'] or '' for image in images[start : start + BLOCK]]
        yield f'images-{start // BLOCK}', '\n'.join(found)


def _fit(points: np.ndarray) -> list[list[float]]:
    """Move points into the unit square."""
    low, high = points.min(axis=0), points.max(axis=0)
    return ((points - low) / np.maximum(high - low, 1e-9)).round(4).tolist()
