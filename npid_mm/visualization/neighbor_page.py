"""Neighbour browser: one HTML file that shows queries and neighbours, and goes on from there."""

import base64
import html
import io
import json
from importlib.resources import files
from os import PathLike
from os.path import isfile, realpath
from pathlib import Path

from PIL import Image

from npid_mm.images import ImageReader, UnreadableImageError
from npid_mm.utils.atomic_io import atomic_path

SIDE = 128  # pixels of a thumbnail's longer side
SMALL = 64  # images no longer than this are kept as they are, and shown with sharp pixels
QUALITY = 85


def neighbor_page(
    images,
    links,
    queries,
    labels=None,
    total=None,
    recall=1.0,
    title='Nearest neighbours',
    out='neighbors.html',
    reader=None,
):
    """Write a page of queries, each with its neighbours, in which any image can be clicked.

    A click makes the image the query, among the images of the page. Where both classes are known,
    neighbours are marked as right (the query's class) or wrong. The page holds all that it needs:
    it works from a disk, without a network, and can be sent to someone.

    Args:
        images (Sequence[str | ndarray]): P images, files or RGB arrays (H, W, 3) of uint8; the
            queries come first. A file that cannot be read is shown as such, and one that is there
            twice is held once.
        links (Sequence[Sequence[tuple[int, float]]]): For each of the P images its neighbours, the
            most similar first: position among the P, and similarity.
        queries (int): Number of queries, 1 to P.
        labels (Sequence[str | None], optional): Class names of the P images; None is unknown.
        total (int, optional): Images that the queries were searched in, N; those that are no
            query by default.
        recall (float): Share of the true neighbours that the search finds, printed where below 1.
        title (str): What the page is called, in its heading and by the browser.
        out (str | PathLike): File to write.
        reader (ImageReader, optional): Reads the files, by default as ``ImageReader()`` does.

    Returns:
        str | PathLike: ``out``.

    Raises:
        ValueError: Lengths differ, or a number or a position is out of range.
    """
    labels = [None] * len(images) if labels is None else labels
    _check(images, links, queries, labels)
    reader = reader or ImageReader()
    # a query may be an image of the index too
    keys = [realpath(image) if _stored(image) else i for i, image in enumerate(images)]
    distinct = dict(zip(keys, images, strict=True))
    position = {key: number for number, key in enumerate(distinct)}
    content = {
        'thumbnails': [_thumbnail(image, reader) for image in distinct.values()],
        'images': [
            {'thumbnail': position[key], 'name': _name(image), 'label': label}
            for key, image, label in zip(keys, images, labels, strict=True)
        ],
        'links': [[[other, round(value, 4)] for other, value in each] for each in links],
        'queries': queries,
        'total': len(images) - queries if total is None else total,
        'recall': recall,
    }
    assets = files(__package__) / 'assets'
    page, style, script = (
        (assets / f'neighbor_page.{suffix}').read_text(encoding='utf-8')
        for suffix in ('html', 'css', 'js')
    )
    # a class or file may be called </script>
    text = json.dumps(content).replace('<', r'\u003c')
    page = page.replace('/* style */', style).replace('/* script */', script)
    page = page.replace('id="data">null', f'id="data">{text}')
    page = page.replace('<!-- title -->', html.escape(title))
    with atomic_path(out) as path:
        path.write_text(page, encoding='utf-8')
    return out


def _check(images, links, queries, labels):
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


def _stored(image):
    return isinstance(image, (str, PathLike))


def _name(image):
    return '/'.join(Path(image).parts[-2:]) if _stored(image) else 'an array'


def _thumbnail(image, reader):
    """Data URI, None if it cannot be read, and the longer side of an image with sharp pixels."""
    if _stored(image) and not isfile(image):  # a pipe would block for ever
        return {'src': None, 'sharp': None}
    try:
        picture = Image.fromarray(reader.read(image) if _stored(image) else image)
    except (UnreadableImageError, OSError):
        return {'src': None, 'sharp': None}
    small = max(picture.size) <= SMALL
    picture.thumbnail((SIDE, SIDE))
    stream = io.BytesIO()
    picture.save(stream, 'png' if small else 'jpeg', quality=QUALITY)
    text = base64.b64encode(stream.getvalue()).decode()
    return {
        'src': f'data:image/{"png" if small else "jpeg"};base64,{text}',
        'sharp': max(picture.size) if small else None,
    }
