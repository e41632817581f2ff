"""Neighbor browser: one HTML file of queries and neighbors, in which any image can be the query."""

import base64
import html
import io
import json
from collections.abc import Iterable, Sequence
from importlib.resources import files
from os.path import isfile, realpath
from pathlib import Path

import numpy as np
from PIL import Image

from npid_mm.images import ImageReader, UnreadableImageError
from npid_mm.utils.atomic_io import atomic_path

from .style import ImageSource

SIDE = 128  # pixels of a thumbnail's longer side
SMALL = 64  # up to this side, images are stored unscaled and enlarged without smoothing
QUALITY = 85


def neighbor_page(
    images: Sequence[ImageSource],
    links: Sequence[Sequence[tuple[int, float]]],
    queries: int,
    labels: Sequence[str | None] | None = None,
    total: int | None = None,
    recall: float = 1.0,
    title: str = 'Nearest neighbors',
    out: str | Path = 'neighbors.html',
    reader: ImageReader | None = None,
) -> str | Path:
    """Write a page of queries, each with its neighbors, in which any image can be clicked.

    A click makes the image the query, among the images of the page. Where both classes are known,
    neighbors are marked as right (the query's class) or wrong. The page is self-contained: it works
    from a disk, without a network, and can be sent to someone.

    Args:
        images (Sequence[str | ndarray]): P images, files or RGB arrays (H, W, 3) of uint8, the
            queries first. Unreadable files are shown as such; each file is stored once.
        links (Sequence[Sequence[tuple[int, float]]]): Neighbors of each of the P images, the most
            similar first: position among the P, and similarity.
        queries (int): Number of queries, 1 to P.
        labels (Sequence[str | None], optional): Class names of the P images; None is unknown.
        total (int, optional): Number of images that were searched, N. Defaults to the images of
            the page that are not queries.
        recall (float): Share of the true neighbors that the search finds, printed if below 1.
        title (str): Title and heading of the page.
        out (str | Path): File to write.
        reader (ImageReader, optional): Reads the files. Defaults to ``ImageReader()``.

    Returns:
        str | Path: ``out``.

    Raises:
        ValueError: If lengths differ, or a number or a position is out of range.

    Example:
        >>> images = [np.zeros((8, 8, 3), np.uint8) for _ in range(3)]
        >>> links = [[(1, 0.9), (2, 0.8)], [(2, 0.7)], [(1, 0.7)]]
        >>> neighbor_page(images, links, queries=1, out='page.html')
        'page.html'
    """
    labels = [None] * len(images) if labels is None else labels
    _check(images, links, queries, labels)
    reader = reader or ImageReader()
    # a query may be one of the searched images too
    keys = [
        i if isinstance(image, np.ndarray) else realpath(image) for i, image in enumerate(images)
    ]
    distinct = dict(zip(keys, images, strict=True))
    position = {key: number for number, key in enumerate(distinct)}
    content = {
        'thumbnails': [thumbnail(image, reader) for image in distinct.values()],
        'images': [
            {'thumbnail': position[key], 'name': _name(image), 'label': label}
            for key, image, label in zip(keys, images, labels, strict=True)
        ],
        'links': [[[other, round(value, 4)] for other, value in each] for each in links],
        'queries': queries,
        'total': len(images) - queries if total is None else total,
        'recall': recall,
    }
    write_page('neighbor_page', content, title, out)
    return out


def _check(images: Sequence, links: Sequence, queries: int, labels: Sequence) -> None:
    if not 1 <= queries <= len(images):
        raise ValueError(
            f'queries must be in 1..{len(images)}, the number of images, got {queries}'
        )
    for name, values in (('links', links), ('labels', labels)):
        if len(values) != len(images):
            raise ValueError(
                f'{name} must have one item for each of {len(images)} images, got {len(values)}'
            )
    for other in (other for each in links for other, _ in each):
        if not 0 <= other < len(images):
            raise ValueError(f'links must point to 0..{len(images) - 1}, got {other}')


def _name(image: ImageSource) -> str:
    return 'an array' if isinstance(image, np.ndarray) else '/'.join(Path(image).parts[-2:])


def thumbnail(image: ImageSource, reader: ImageReader) -> dict:
    """Reduce an image for a page.

    Args:
        image (str | ndarray): A file, or RGB (H, W, 3) of uint8.
        reader (ImageReader): Reads the file.

    Returns:
        dict: ``src``, a data URI or None for an unreadable image, and ``sharp``, the longer side of
        an image that is to be enlarged without smoothing, or None.
    """
    unreadable = {'src': None, 'sharp': None}
    if not isinstance(image, np.ndarray) and not isfile(image):  # opening a pipe would block
        return unreadable
    try:
        picture = Image.fromarray(image if isinstance(image, np.ndarray) else reader.picture(image))
    except (UnreadableImageError, OSError):
        return unreadable
    small = max(picture.size) <= SMALL
    picture.thumbnail((SIDE, SIDE))
    stream = io.BytesIO()
    picture.save(stream, 'png' if small else 'jpeg', quality=QUALITY)
    text = base64.b64encode(stream.getvalue()).decode()
    return {
        'src': f'data:image/{"png" if small else "jpeg"};base64,{text}',
        'sharp': max(picture.size) if small else None,
    }


def write_page(
    name: str,
    content: dict,
    title: str,
    out: str | Path,
    parts: Iterable[tuple[str, str]] = (),
) -> None:
    """Write a page of the assets with its data, style and script in one file.

    The parts follow the script, which a browser thus runs before it has read them. It calls the
    function ``arrived`` of the script with the name of each part.

    Args:
        name (str): Name of the files in ``assets``.
        content (dict): Data of the page.
        title (str): Title and heading.
        out (str | Path): File to write.
        parts (Iterable[tuple[str, str]]): Names and texts, without ``<``.
    """
    assets = files(__package__) / 'assets'
    page, style, script = (
        (assets / f'{name}.{suffix}').read_text(encoding='utf-8')
        for suffix in ('html', 'css', 'js')
    )
    # escape "</script>" in the names of classes and files
    text = json.dumps(content).replace('<', r'\u003c')
    page = page.replace('/* style */', style).replace('/* script */', script)
    page = page.replace('id="data">null', f'id="data">{text}')
    page = page.replace('<!-- title -->', html.escape(title))
    head, end, tail = page.rpartition('</body>')
    with atomic_path(out) as path, open(path, 'w', encoding='utf-8') as file:
        file.write(head)
        for key, part in parts:
            file.write(f'<script type="text/plain" id="{key}">{part}</script>\n')
            file.write(f'<script>arrived("{key}")</script>\n')
        file.write(end + tail)
