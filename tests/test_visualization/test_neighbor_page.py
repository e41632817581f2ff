"""The neighbour browser: what is in the file, and what it does in Chromium."""

import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from npid_mm.visualization import neighbor_page
from tests.chromium import browse

COLORS = ['#0000ff', '#00ffff', '#ff00ff', '#ffff00', '#808080']
LABELS = ['cat', 'cat', 'dog', None, 'cat']
# the first two are queries; the others lie on a line
LINKS = [
    [(2, 0.9), (4, 0.8), (3, 0.1)],
    [(4, 0.7)],
    [(3, 0.6), (4, 0.5)],
    [(2, 0.6), (4, 0.55)],
    [(3, 0.55), (2, 0.5)],
]
CAPTIONS = (
    '[...document.querySelectorAll(".found .image")].map((each) => '
    '[...each.querySelectorAll(".caption")].map((caption) => caption.textContent).join(" "))'
)
MARKS = '[...document.querySelectorAll(".found .image")].map((each) => each.className)'
ASKED = '[...document.querySelectorAll("h2")].map((each) => each.innerText)'


@pytest.fixture
def images(tmp_path):
    """One image of each colour, the last in a large file."""
    paths = [tmp_path / f'{number}.png' for number in range(len(COLORS))]
    for path, color in zip(paths, COLORS, strict=True):
        Image.new('RGB', (300, 200) if path is paths[-1] else (20, 20), color).save(path)
    return paths


@pytest.fixture
def page(images, tmp_path):
    """A page of two queries and three images of an index of 1,000."""
    return neighbor_page(images, LINKS, 2, LABELS, total=1000, out=tmp_path / 'new' / 'page.html')


def content(page):
    """The data of a page."""
    (text,) = re.findall(r'id="data">(.*?)</script>', page.read_text(encoding='utf-8'))
    return json.loads(text)


def picture(thumbnail):
    """The image that a page holds."""
    with Image.open(io.BytesIO(base64.b64decode(thumbnail['src'].partition(',')[2]))) as image:
        return image.convert('RGB')


def test_the_file_holds_everything_and_asks_for_nothing(page):
    text = page.read_text(encoding='utf-8')
    assert not re.findall(r'(?:src|href)=["\'](?!#)', text) and 'http' not in text.replace(
        'http-equiv', ''
    )
    assert [path.name for path in page.parent.iterdir()] == ['page.html']


def test_thumbnails_are_the_images(page):
    """Small files keep their pixels, large ones are shrunk in proportion."""
    held = content(page)
    for number, each in enumerate(held['images']):
        image = picture(held['thumbnails'][each['thumbnail']])
        assert image.size == ((128, 85) if number == 4 else (20, 20))
        wanted = [int(COLORS[number][i : i + 2], 16) for i in (1, 3, 5)]
        assert np.abs(np.subtract(image.getpixel((10, 10)), wanted)).max() <= 3
    assert [each['sharp'] for each in held['thumbnails']] == [20] * 4 + [None]
    names = [each['name'] for each in held['images']]
    assert names == [f'{page.parents[1].name}/{i}.png' for i in range(5)]


def test_a_file_is_held_once_however_its_path_is_written(images, tmp_path, monkeypatch):
    """A query that is in the index too; an array is an image of its own."""
    monkeypatch.chdir(tmp_path)
    array = np.zeros((4, 4, 3), np.uint8)
    shown = [images[0].name, array, images[1], images[0], array]
    held = content(neighbor_page(shown, [[(3, 1.0)]] * 5, 2, out=tmp_path / 'page.html'))
    places = [each['thumbnail'] for each in held['images']]
    assert places == [0, 1, 2, 0, 3] and len(held['thumbnails']) == 4
    blue, black, cyan, _ = [picture(each).getpixel((0, 0)) for each in held['thumbnails']]
    assert (blue, black, cyan) == ((0, 0, 255), (0, 0, 0), (0, 255, 255))


def test_queries_show_their_neighbours_with_similarity_and_judgement(page):
    """An unknown class is neither right nor wrong."""
    about, asked, captions, marks, share = browse(
        page,
        1400,
        ('read', 'document.getElementById("about").innerText'),
        ('read', ASKED),
        ('read', CAPTIONS),
        ('read', MARKS),
        ('read', 'document.querySelector(".share").innerText'),
    )
    assert about.startswith('2 queries, 3 of 1,000 indexed images on this page')
    assert 'exact search' in about
    assert [name[-5:] for name in asked] == ['0.png', '1.png']
    assert captions == ['0.900 dog', '0.800 cat', '0.100 3', '0.700 cat']
    assert marks == ['image wrong', 'image right', 'image', 'image right']
    assert share == 'Nearest 3 of 1,000 indexed images: 1 of 2 have its class'


def test_a_click_makes_an_image_the_query_and_back_undoes_it(page, tmp_path):
    """With the mouse, on a page from the disk; the screenshot shows the colours of the images."""
    shot = tmp_path / 'shot.png'
    asked, captions, where, before = browse(
        page,
        1400,
        ('click', '.found .image[data-image="2"]'),
        ('until', 'document.querySelectorAll("section").length === 1'),
        ('read', ASKED),
        ('read', CAPTIONS),
        ('read', 'document.querySelector(".share").innerText'),
        ('shot', shot),
        ('click', '.found .image[data-image="3"]'),
        ('until', 'location.hash === "#image-3"'),
        ('click', 'nav a'),
        ('until', 'document.querySelectorAll("section").length === 2'),
        ('read', ASKED),
    )
    assert len(asked) == 1 and asked[0].endswith('2.png') and len(before) == 2
    assert captions == ['0.600 3', '0.500 cat']
    assert where == 'Nearest 2 of the 3 indexed images on this page: 0 of 1 have its class'
    with Image.open(shot) as image:
        pixels = np.asarray(image.convert('RGB')).astype(int)
    # query, neighbours, the border of a wrong one
    for color in ('#ff00ff', '#ffff00', '#808080', '#c8202f'):
        wanted = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
        assert (np.abs(pixels - wanted).max(axis=-1) < 8).sum() > 500
    blue = (np.abs(pixels - [0, 0, 255]).max(axis=-1) < 8).sum()
    assert blue == 0  # the first query is gone


def test_the_header_does_not_lie_on_what_is_scrolled_to(images, tmp_path):
    """Far down among many images: the header would take a click on one below it."""
    paths = images * 60
    links = [[(300 - 1 - i, 0.5)] for i in range(300)]
    out = neighbor_page(paths, links, 150, out=tmp_path / 'page.html')
    wanted = '.query[data-image="120"]'
    element = f"document.querySelector('{wanted}')"
    header, top, scrolled, asked = browse(
        out,
        1400,
        ('until', 'getComputedStyle(document.documentElement).scrollPaddingTop !== "0px"'),
        ('read', 'document.querySelector("header").offsetHeight'),
        ('read', f'({element}.scrollIntoView(), {element}.getBoundingClientRect().top)'),
        ('read', 'scrollY'),
        ('click', wanted),
        ('until', 'document.querySelector(".focus") !== null'),
        ('read', ASKED),
    )
    assert scrolled > 900 and 50 < header <= top <= header + 20
    assert len(asked) == 1 and asked[0].endswith('/0.png')


@pytest.mark.parametrize('width, sizes', [(400, [64, 64, 60]), (1400, [96, 96, 80])])
def test_pixels_are_shown_in_whole_multiples(tmp_path, width, sizes):
    """Also of images whose side divides no thumbnail; the border lies outside."""
    paths = [tmp_path / f'{side}.png' for side in (32, 16, 20)]
    for path in paths:
        side = int(path.stem)
        Image.new('RGB', (side, side // 2), '#00ff00').save(path)
    links = [[(1, 0.9), (2, 0.8)], [(0, 0.9)], [(0, 0.8)]]
    out = neighbor_page(paths, links, 1, ['a'] * 3, out=tmp_path / 'page.html')
    boxes = '[...document.images].map((each) => each.getBoundingClientRect())'
    frames = '[...document.querySelectorAll(".frame")].map((e) => e.getBoundingClientRect())'
    shown, around = browse(out, width, ('read', boxes), ('read', frames))
    assert [(box['width'], box['height']) for box in shown] == [(side, side) for side in sizes]
    for box, frame in zip(shown, around, strict=True):
        assert box['left'] >= frame['left'] + 3 and box['right'] <= frame['right'] - 3
        assert box['top'] >= frame['top'] + 3 and box['bottom'] <= frame['bottom'] - 3


@pytest.mark.parametrize('width', [400, 1400])
def test_a_mark_lies_beside_the_similarity_and_has_a_name(page, width):
    """Below the image, coloured, and read out."""
    marks = (
        '[...document.querySelectorAll(".image .mark")].map((mark) => '
        '[mark.getBoundingClientRect().top - mark.closest(".image").querySelector(".frame")'
        '.getBoundingClientRect().bottom, mark.parentElement.className, mark.role, '
        'mark.ariaLabel, getComputedStyle(mark).backgroundColor])'
    )
    right, wrong = [['same class', 'rgb(27, 138, 58)'], ['another class', 'rgb(200, 32, 47)']]
    found = browse(page, width, ('read', marks))[0]
    assert [each[3:] for each in found] == [wrong, right, right]
    for below, parent, role, *_ in found:
        assert below >= 0 and parent == 'caption similarity' and role == 'img'


def test_similarities_that_three_digits_do_not_tell_apart_have_four(images, tmp_path):
    """Row by row: a fourth digit is of no use in a row that differs in three."""
    near = [(1, 0.9999), (2, 0.9998), (3, 0.9996)]
    differing = [(1, 0.95), (3, 0.9122), (4, 0.9121)]
    out = neighbor_page(images, [near, differing, [], [], []], 2, out=tmp_path / 'page.html')
    shown = [caption.partition(' ')[0] for caption in browse(out, 1400, ('read', CAPTIONS))[0]]
    assert shown == ['0.9999', '0.9998', '0.9996', '0.950', '0.912', '0.912']


@pytest.mark.parametrize('width', [400, 1400])
def test_a_name_is_shortened_before_its_end(images, tmp_path, width):
    """In the width of the image, where there is no class; folder and extension are left out."""
    path = images[1].rename(tmp_path / f'{"long." * 10}_0412.png')
    out = neighbor_page([images[0], path], [[(1, 0.5)], []], 1, out=tmp_path / 'page.html')
    box = 'document.querySelector(".found {}").getBoundingClientRect()'
    image, start, end, text = browse(
        out,
        width,
        *(('read', box.format(name)) for name in ('.image', '.start', '.end')),
        ('read', 'document.querySelector(".found .file").textContent'),
    )
    assert text == path.stem
    assert image['left'] <= start['left'] < start['right'] <= end['left']
    assert end['left'] < end['right'] <= image['right']


def test_the_query_stands_beside_its_name_in_a_narrow_window(page):
    boxes = '[".query", ".about", ".found"].map((name) => document.querySelector(name)'
    boxes += '.getBoundingClientRect())'
    query, about, found = browse(page, 400, ('read', boxes))[0]
    assert query['right'] < about['left'] and query['top'] == about['top']
    assert found['left'] == query['left'] and found['top'] > query['bottom']


def test_ten_neighbours_fit_one_row(images, tmp_path):
    links = [[(1, 0.5)] * 10] + [[]] * 4
    out = neighbor_page(images, links, 1, out=tmp_path / 'page.html')
    rows = '[...new Set([...document.querySelectorAll(".found .image")]'
    rows += '.map((each) => each.getBoundingClientRect().top))].length'
    overview, alone = browse(
        out,
        1400,
        ('read', rows),
        ('click', '.query'),
        ('until', 'document.querySelector(".focus") !== null'),
        ('read', rows),
    )
    assert (overview, alone) == (1, 1)


def test_a_page_has_its_title_and_the_legend_where_there_are_marks(images, tmp_path):
    out = tmp_path / 'page.html'
    neighbor_page(images, LINKS, 2, LABELS, title='Neighbours in <birds>', out=out)
    hidden = 'document.getElementById("legend").hidden'
    title, heading, before, after = browse(
        out,
        1400,
        ('read', 'document.title'),
        ('read', 'document.querySelector("h1").textContent'),
        ('read', hidden),
        ('click', 'nav a[href="#images"]'),
        ('until', 'document.querySelector(".gallery") !== null'),
        ('read', hidden),
    )
    assert title == heading == 'Neighbours in <birds>'
    assert (before, after) == (False, True)


def test_the_filter_keeps_one_class(page):
    choose = '(s.value = [...s.options].find((o) => o.text === "dog").value)'
    change = f'(() => {{ const s = document.querySelector("select"); {choose}; '
    change += 's.dispatchEvent(new Event("change")); return [...s.options].map((o) => o.text) })()'
    shown = '[...document.querySelectorAll("main .image")].map((each) => each.dataset.image)'
    options, queries, gallery = browse(
        page,
        1400,
        ('read', change),
        ('read', 'document.querySelector("main").innerText'),
        ('click', 'nav a[href="#images"]'),
        ('until', 'location.hash === "#images"'),
        ('until', 'document.querySelector(".gallery") !== null'),
        ('read', shown),
    )
    assert options == ['all', 'cat', 'dog']
    assert queries == 'No image of this class here.'
    assert gallery == ['2']


@pytest.mark.parametrize('width', [400, 1400])
@pytest.mark.parametrize('view', ['', '#images', '#image-0'])
def test_nothing_is_wider_than_the_window(images, tmp_path, width, view):
    """Long names and many neighbours wrap; images and captions do not lie on each other."""
    many = [images[i % 5].rename(tmp_path / f'{i}{"x" * 90}.png') for i in range(5)] * 8
    links = [[(j, 0.5) for j in range(40) if j != i][:30] for i in range(40)]
    out = tmp_path / 'page.html'
    neighbor_page(many, links, 4, ['a class of a very long name ' * 3] * 40, out=out)
    boxes = '[...document.querySelectorAll("main .image")].map((e) => e.getBoundingClientRect())'
    inner, scroll, found = browse(
        out,
        width,
        ('read', f'(location.hash = "{view}")'),
        ('until', f'"{view}" !== "#images" || document.querySelector(".gallery") !== null'),
        ('until', f'"{view}" !== "#image-0" || document.querySelector(".focus") !== null'),
        ('read', 'document.documentElement.clientWidth'),
        ('read', 'document.documentElement.scrollWidth'),
        ('read', boxes),
    )[1:]
    assert scroll <= inner
    assert len(found) > 30 and min(box['width'] for box in found) >= 72
    for box in found:
        assert 0 <= box['left'] and box['right'] <= inner
    corners = {(box['left'], box['top']) for box in found}
    assert len(corners) == len(found)
    for a in found[:40]:
        overlapping = [
            b
            for b in found
            if b['left'] < a['right'] - 1
            and a['left'] < b['right'] - 1
            and b['top'] < a['bottom'] - 1
            and a['top'] < b['bottom'] - 1
        ]
        assert len(overlapping) == 1


def test_names_are_text_and_never_code(images, tmp_path):
    """A class called like a tag changes nothing; Chromium reports no error of the script."""
    labels = ['</script><script>document.title = "owned"</script>', '<b>', '&amp;', '"', "'"]
    out = neighbor_page(images, LINKS, 2, labels, out=tmp_path / 'page.html')
    title, captions = browse(out, 1400, ('read', 'document.title'), ('read', CAPTIONS))
    assert title == 'Nearest neighbours'
    assert captions[0] == '0.900 &amp;'


def test_a_lost_image_is_shown_as_such_and_an_approximate_search_by_its_recall(images, tmp_path):
    images[2].unlink()
    images[3].write_bytes(b'no image')
    out = neighbor_page(images, LINKS, 2, recall=0.876, out=tmp_path / 'page.html')
    lost, about, hidden = browse(
        out,
        1400,
        ('read', 'document.querySelectorAll(".lost").length'),
        ('read', 'document.getElementById("about").innerText'),
        ('read', '[filter.hidden, document.getElementById("legend").hidden]'),
    )
    assert lost == 2 and 'approximate search, recall 0.876' in about
    assert hidden == [True, True]  # no classes to choose or to judge by


def test_arrays_are_images_too(tmp_path):
    image = np.zeros((10, 12, 3), np.uint8)
    image[..., 0] = 255
    out = neighbor_page([image, image], [[(1, 1.0)], []], 1, out=tmp_path / 'page.html')
    shown = picture(content(out)['thumbnails'][0])
    assert shown.size == (12, 10) and shown.getpixel((5, 5)) == (255, 0, 0)


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
def test_refuses_what_does_not_fit(images, tmp_path, change, message):
    out = tmp_path / 'page.html'
    with pytest.raises(ValueError, match=message):
        neighbor_page(**(dict(images=images, links=LINKS, queries=2) | change), out=out)
    assert not out.exists()
