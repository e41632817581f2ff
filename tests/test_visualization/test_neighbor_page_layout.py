"""The neighbor browser in Chromium: its layout in narrow and wide windows."""

import pytest
from PIL import Image

from npid_mm.visualization import neighbor_page
from tests.chromium import browse

pytestmark = pytest.mark.slow

NARROW, WIDE = 400, 1400


def boxes(selector):
    """Expression of the boxes of all elements of a selector."""
    return (
        f"[...document.querySelectorAll('{selector}')].map((each) => each.getBoundingClientRect())"
    )


def overlap(a, b):
    """Tell whether two boxes share more than an edge."""
    return (
        b['left'] < a['right'] - 1
        and a['left'] < b['right'] - 1
        and b['top'] < a['bottom'] - 1
        and a['top'] < b['bottom'] - 1
    )


def test_pixels_are_enlarged_by_whole_factors(tmp_path):
    """Also of images whose side does not divide that of a thumbnail; the border lies outside."""
    paths = [tmp_path / f'{side}.png' for side in (32, 16, 20)]
    for path in paths:
        side = int(path.stem)
        Image.new('RGB', (side, side // 2), '#00ff00').save(path)
    links = [[(1, 0.9), (2, 0.8)], [(0, 0.9)], [(0, 0.8)]]
    out = neighbor_page(paths, links, 1, ['a'] * 3, out=tmp_path / 'page.html')
    read = [('read', boxes('img')), ('read', boxes('.frame'))]
    found = browse(out, NARROW, *read, ('resize', WIDE), *read)
    for sizes, shown, frames in zip(
        ([64, 64, 60], [96, 96, 80]), found[::2], found[1::2], strict=True
    ):
        assert [(box['width'], box['height']) for box in shown] == [(side, side) for side in sizes]
        for box, frame in zip(shown, frames, strict=True):
            assert box['left'] >= frame['left'] + 3 and box['right'] <= frame['right'] - 3
            assert box['top'] >= frame['top'] + 3 and box['bottom'] <= frame['bottom'] - 3


def test_a_mark_is_below_its_image_beside_the_similarity_and_has_a_name(page):
    """For screen readers, and not by color alone."""
    marks = (
        '[...document.querySelectorAll(".image .mark")].map((mark) => '
        '[mark.getBoundingClientRect().top - mark.closest(".image").querySelector(".frame")'
        '.getBoundingClientRect().bottom, mark.parentElement.className, mark.role, '
        'mark.ariaLabel, getComputedStyle(mark).backgroundColor])'
    )
    right, wrong = [['same class', 'rgb(27, 138, 58)'], ['another class', 'rgb(200, 32, 47)']]
    for found in browse(page, NARROW, ('read', marks), ('resize', WIDE), ('read', marks)):
        assert [each[3:] for each in found] == [wrong, right, right]
        for below, parent, role, *_ in found:
            assert below >= 0 and parent == 'caption similarity' and role == 'img'


def test_a_name_is_shortened_before_its_end(images, tmp_path):
    """To the width of the image, without folder and extension."""
    path = images[1].rename(tmp_path / f'{"long." * 10}_0412.png')
    out = neighbor_page([images[0], path], [[(1, 0.5)], []], 1, out=tmp_path / 'page.html')
    read = [('read', f'{boxes(f".found {name}")}[0]') for name in ('.image', '.start', '.end')]
    read.append(('read', 'document.querySelector(".found .file").textContent'))
    found = browse(out, NARROW, *read, ('resize', WIDE), *read)
    for image, start, end, text in (found[:4], found[4:]):
        assert text == path.stem
        assert image['left'] <= start['left'] < start['right'] <= end['left']
        assert end['left'] < end['right'] <= image['right']


def test_the_query_is_beside_its_name_in_a_narrow_window(page):
    read = [('read', f'{boxes(name)}[0]') for name in ('.query', '.about', '.found')]
    query, about, found = browse(page, NARROW, *read)
    assert query['right'] < about['left'] and query['top'] == about['top']
    assert found['left'] == query['left'] and found['top'] > query['bottom']


def test_nothing_is_wider_than_the_window(images, tmp_path):
    """Long names and many neighbors wrap; images and captions do not overlap."""
    many = [images[i % 5].rename(tmp_path / f'{i}{"x" * 90}.png') for i in range(5)] * 8
    links = [[(j, 0.5) for j in range(40) if j != i][:30] for i in range(40)]
    out = tmp_path / 'page.html'
    neighbor_page(many, links, 4, ['a class of a very long name ' * 3] * 40, out=out)
    steps = []
    views = {'#queries': 'section:nth-child(2)', '#images': '.gallery', '#image-0': '.focus'}
    for width in (NARROW, WIDE):
        steps.append(('resize', width))
        for view, selector in views.items():
            steps += [
                ('read', f'(location.hash = "{view}")'),
                ('until', f'document.querySelector("{selector}") !== null'),
                ('read', 'document.documentElement.clientWidth'),
                ('read', 'document.documentElement.scrollWidth'),
                ('read', boxes('main .image')),
            ]
    read = browse(out, WIDE, *steps)
    for _, inner, scroll, found in (read[i : i + 4] for i in range(0, len(read), 4)):
        assert scroll <= inner
        assert len(found) > 30 and min(box['width'] for box in found) >= 72
        assert all(0 <= box['left'] and box['right'] <= inner for box in found)
        assert len({(box['left'], box['top']) for box in found}) == len(found)
        for box in found[:40]:
            assert sum(overlap(box, other) for other in found) == 1  # only itself
    assert len(read) == 2 * len(views) * 4
