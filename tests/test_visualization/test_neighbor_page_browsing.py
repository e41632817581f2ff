"""The neighbor browser in Chromium: views, clicks and the filter."""

import pytest

from npid_mm.visualization import neighbor_page
from tests.chromium import browse
from tests.test_visualization.neighbor_pages import LABELS, LINKS
from tests.test_visualization.pixels import near, pixels_of

pytestmark = pytest.mark.slow

CAPTIONS = (
    '[...document.querySelectorAll(".found .image")].map((each) => '
    '[...each.querySelectorAll(".caption")].map((caption) => caption.textContent).join(" "))'
)
MARKS = '[...document.querySelectorAll(".found .image")].map((each) => each.className)'
ASKED = '[...document.querySelectorAll("h2")].map((each) => each.innerText)'


def test_queries_show_their_neighbors_with_similarity_and_judgement(page):
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
    """With the mouse, on a page from the disk; the screenshot shows the colors of the images."""
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
    pixels = pixels_of(shot)
    # query, neighbors, the border of a wrong neighbor
    for color in ('#ff00ff', '#ffff00', '#808080', '#c8202f'):
        assert near(pixels, color).sum() > 500
    assert not near(pixels, '#0000ff').any()  # the first query is gone


def test_the_header_does_not_cover_an_element_that_is_scrolled_to(images, tmp_path):
    """The header would receive the clicks on elements below it."""
    paths = images * 60
    links = [[(300 - 1 - i, 0.5)] for i in range(300)]
    out = neighbor_page(paths, links, 150, out=tmp_path / 'page.html')
    selector = '.query[data-image="120"]'
    element = f"document.querySelector('{selector}')"
    header, top, scrolled, asked = browse(
        out,
        1400,
        ('until', 'getComputedStyle(document.documentElement).scrollPaddingTop !== "0px"'),
        ('read', 'document.querySelector("header").offsetHeight'),
        ('read', f'({element}.scrollIntoView(), {element}.getBoundingClientRect().top)'),
        ('read', 'scrollY'),
        ('click', selector),
        ('until', 'document.querySelector(".focus") !== null'),
        ('read', ASKED),
    )
    assert scrolled > 900 and 50 < header <= top <= header + 20
    assert len(asked) == 1 and asked[0].endswith('/0.png')


def test_similarities_that_agree_in_three_digits_have_four(images, tmp_path):
    """Decided per row."""
    near = [(1, 0.9999), (2, 0.9998), (3, 0.9996)]
    differing = [(1, 0.95), (3, 0.9122), (4, 0.9121)]
    out = neighbor_page(images, [near, differing, [], [], []], 2, out=tmp_path / 'page.html')
    shown = [caption.partition(' ')[0] for caption in browse(out, 1400, ('read', CAPTIONS))[0]]
    assert shown == ['0.9999', '0.9998', '0.9996', '0.950', '0.912', '0.912']


def test_ten_neighbors_fit_one_row(images, tmp_path):
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


def test_a_page_has_its_title_and_a_legend_of_its_marks(images, tmp_path):
    out = tmp_path / 'page.html'
    neighbor_page(images, LINKS, 2, LABELS, title='Neighbors in <birds>', out=out)
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
    assert title == heading == 'Neighbors in <birds>'
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


def test_names_are_never_run_as_code(images, tmp_path):
    """Chromium reports no error of the script, and a class named like a tag changes nothing."""
    labels = ['</script><script>document.title = "owned"</script>', '<b>', '&amp;', '"', "'"]
    out = neighbor_page(images, LINKS, 2, labels, out=tmp_path / 'page.html')
    title, captions = browse(out, 1400, ('read', 'document.title'), ('read', CAPTIONS))
    assert title == 'Nearest neighbors'
    assert captions[0] == '0.900 &amp;'


def test_lost_images_and_the_recall_of_an_approximate_search_are_shown(images, tmp_path):
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
