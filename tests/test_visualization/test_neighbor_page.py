"""The neighbor browser as a file: what it holds, and what is refused."""

import re

import numpy as np
import pytest

from npid_mm.visualization import neighbor_page
from tests.test_visualization.neighbor_pages import COLORS, LINKS, content, picture
from tests.test_visualization.pixels import rgb


def test_the_file_holds_everything_and_loads_nothing(page):
    text = page.read_text(encoding='utf-8')
    assert not re.findall(r'(?:src|href)=["\'](?!#)', text)
    assert 'http' not in text.replace('http-equiv', '')
    assert [path.name for path in page.parent.iterdir()] == ['page.html']


def test_thumbnails_are_the_images(page):
    """Small files keep their pixels, large ones are shrunk in proportion."""
    held = content(page)
    for number, each in enumerate(held['images']):
        image = picture(held['thumbnails'][each['thumbnail']])
        assert image.size == ((128, 85) if number == 4 else (20, 20))
        assert np.abs(image.getpixel((10, 10)) - rgb(COLORS[number])).max() <= 3
    assert [each['sharp'] for each in held['thumbnails']] == [20] * 4 + [None]
    names = [each['name'] for each in held['images']]
    assert names == [f'{page.parents[1].name}/{i}.png' for i in range(5)]


def test_a_file_is_stored_once_however_its_path_is_written(images, tmp_path, monkeypatch):
    """A query may be in the index too; each array is an image of its own."""
    monkeypatch.chdir(tmp_path)
    array = np.zeros((4, 6, 3), np.uint8)
    shown = [images[0].name, array, images[1], images[0], array]
    held = content(neighbor_page(shown, [[(3, 1.0)]] * 5, 2, out=tmp_path / 'page.html'))
    places = [each['thumbnail'] for each in held['images']]
    assert places == [0, 1, 2, 0, 3] and len(held['thumbnails']) == 4
    blue, black, cyan, _ = map(picture, held['thumbnails'])
    assert [each.getpixel((0, 0)) for each in (blue, black, cyan)] == [
        (0, 0, 255),
        (0, 0, 0),
        (0, 255, 255),
    ]
    assert black.size == (6, 4)


@pytest.mark.parametrize(
    'change, message',
    [
        (dict(queries=0), r'queries must be in 1..5, the number of images, got 0'),
        (dict(queries=6), 'got 6'),
        (dict(links=LINKS[:4]), 'links must have one item for each of 5 images, got 4'),
        (dict(labels=['a']), 'labels must have one item for each of 5 images, got 1'),
        (dict(links=[[(5, 0.1)]] * 5), r'links must point to 0..4, got 5'),
    ],
)
def test_incompatible_arguments_are_refused(images, tmp_path, change, message):
    out = tmp_path / 'page.html'
    with pytest.raises(ValueError, match=message):
        neighbor_page(**(dict(images=images, links=LINKS, queries=2) | change), out=out)
    assert not out.exists()
