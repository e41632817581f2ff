"""Page of findings about images: tabs of groups, in which images can be marked."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from npid_mm.images import ImageReader

from .neighbor_page import thumbnail, write_page
from .style import ImageSource


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
    title: str = 'Images to look at',
    out: str | Path = 'curation.html',
    reader: ImageReader | None = None,
) -> str | Path:
    """Write a page with tabs of images that can be marked by a click.

    A button saves the marks as a CSV file with the columns ``path`` and ``mark``. The page is
    self-contained: it works from a disk, without a network.

    Args:
        images (Sequence[str | ndarray]): P images, files or RGB arrays (H, W, 3) of uint8.
            Unreadable files are shown as such.
        names (Sequence[str]): Path of each image in the CSV file, and in its caption.
        tabs (Sequence[Tab]): Findings. A tab without cards says that nothing was found.
        title (str): Title and heading of the page.
        out (str | Path): File to write.
        reader (ImageReader, optional): Reads the files. Defaults to ``ImageReader()``.

    Returns:
        str | Path: ``out``.

    Raises:
        ValueError: If the lengths differ, or a position is out of range.
    """
    if len(names) != len(images):
        raise ValueError(
            f'names must have one item for each of {len(images)} images, got {len(names)}'
        )
    for position in (position for tab in tabs for card in tab.cards for position, _ in card.images):
        if not 0 <= position < len(images):
            raise ValueError(f'tabs must name images 0..{len(images) - 1}, got {position}')
    reader = reader or ImageReader()
    content = {
        'images': [
            {**thumbnail(image, reader), 'name': name}
            for image, name in zip(images, names, strict=True)
        ],
        'tabs': [
            {**tab._asdict(), 'cards': [card._asdict() for card in tab.cards]} for tab in tabs
        ],
    }
    write_page('curation_page', content, title, out)
    return out
