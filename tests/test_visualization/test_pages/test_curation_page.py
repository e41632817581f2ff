"""The page of findings in a browser: tabs, marks and names that look like HTML."""

import numpy as np
import pytest

import npid_mm.visualization.pages.curation_page as module
from npid_mm.visualization.pages.curation_page import Card, Tab, curation_page
from tests.chromium import browse

NAMES = ['/a/<b>"0", x.png', '/a/1.png', '/a/2.png']
TABS = [
    Tab('Duplicates', 'Groups.', [Card('<i>2</i> images', [(0, 'p 0.5'), (1, '</script>')])]),
    Tab('Outliers', 'Strange.', [Card('far', [(1, ''), (2, '0.9')])]),
    Tab('Leaks', 'Both.', []),
]


def write(out):
    picture = np.full((20, 30, 3), 90, np.uint8)
    rows = np.array([[1, 0], [0.6, 0.8], [0.8, -0.6]])
    return curation_page(
        [picture, picture, 'gone.png'],
        NAMES,
        TABS,
        labels=['<b>cat</b>', None, 'dog'],
        rows=rows,
        points=np.array([[0, 0], [5, 5], [5, 0]]),
        title='<u>3</u> images',
        out=out,
    )


@pytest.mark.slow
def test_images_are_marked_and_saved(tmp_path, monkeypatch):
    """The third image is in another block."""
    monkeypatch.setattr(module, 'BLOCK', 2)
    text = 'document.querySelector("main").innerText'
    values = browse(
        write(tmp_path / 'page.html'),
        1400,
        ('read', 'document.querySelector("h1").textContent'),
        ('read', '[...document.querySelectorAll("nav a")].map((link) => link.textContent)'),
        ('read', 'document.querySelector("h2").textContent'),
        ('read', 'document.querySelectorAll("main img").length'),
        ('click', 'main [data-image="0"]'),
        ('click', 'main [data-image="1"]'),
        ('until', 'marked.size === 2'),
        ('click', 'nav a:nth-child(2)'),
        ('until', 'document.querySelector("h2").textContent === "far"'),
        ('read', 'document.querySelector("[data-image=\\"1\\"]").getAttribute("aria-pressed")'),
        ('read', 'document.querySelector(".lost").textContent'),
        ('read', 'document.querySelector("#marks span").textContent'),
        ('read', 'marks()'),
        ('click', 'main [data-image="1"]'),
        ('until', 'marked.size === 1'),
        ('read', 'marks()'),
        ('click', 'nav a:nth-child(3)'),
        ('until', f'{text}.includes("Nothing was found.")'),
        ('resize', '400'),
        ('read', 'document.documentElement.scrollWidth'),
    )
    one, two = '"/a/<b>""0"", x.png",remove\n', '/a/1.png,remove\n'
    assert values == [
        '<u>3</u> images',
        ['Duplicates (1)', 'Outliers (1)', 'Leaks (0)', 'Map', 'Search'],
        '<i>2</i> images',
        2,
        'true',
        'not readable',
        '2 marked.',
        f'path,mark\n{one}{two}',
        f'path,mark\n{one}',
        400,
    ]


@pytest.mark.slow
def test_images_are_searched_and_selected_on_the_map(tmp_path):
    """The lasso goes around the right half of the map."""
    notes = '[...document.querySelectorAll(".item .caption:not(.name)")].map((e) => +e.innerText)'
    drag = """(() => {
        const canvas = document.querySelector('canvas'), box = canvas.getBoundingClientRect();
        const at = (type, x, y) => canvas.dispatchEvent(new PointerEvent(type, {
            clientX: box.x + x * box.width, clientY: box.y + y * box.height, bubbles: true }));
        at('pointerdown', 0.5, 0);
        for (const [x, y] of [[1, 0], [1, 1], [0.5, 1]]) at('pointermove', x, y);
        at('pointerup', 0.5, 1);
        return document.querySelector('main h2').innerText;
    })()"""
    typed = """(() => {
        const input = document.querySelector('input');
        input.value = 'CAT';
        input.dispatchEvent(new Event('input'));
        return [...document.querySelectorAll('main [data-image]')].map((e) => e.dataset.image);
    })()"""
    found, selected, marks, hits = browse(
        write(tmp_path / 'page.html'),
        1400,
        ('click', 'main .like[href="#like-0"]'),
        ('until', 'document.querySelectorAll("section").length === 2'),
        ('read', notes),
        ('click', 'nav a[href="#map"]'),
        ('until', 'document.querySelector("canvas") !== null'),
        ('read', drag),
        ('click', 'main .more'),
        ('until', 'marked.size === 2'),
        ('read', 'marks()'),
        ('click', 'nav a[href="#search"]'),
        ('until', 'document.querySelector("input") !== null'),
        ('read', typed),
    )
    # rows of 8 bits
    assert found[1:] == pytest.approx([0.8, 0.6], abs=0.01)
    assert selected == '2 images selected'
    assert marks == 'path,mark\n/a/1.png,remove\n/a/2.png,remove\n'
    assert hits == ['0']


def test_wrong_positions_and_lengths_are_named(tmp_path):
    with pytest.raises(ValueError, match='names must have one item for each of 1 images, got 2'):
        curation_page(['a'], ['a', 'b'], [], out=tmp_path / 'a.html')
    with pytest.raises(ValueError, match=r'tabs must name images 0\.\.0, got 1'):
        curation_page(['a'], ['a'], TABS[1:], out=tmp_path / 'a.html')
    with pytest.raises(ValueError, match='rows must have one item for each of 1 images, got 2'):
        curation_page(['a'], ['a'], [], rows=np.eye(2), out=tmp_path / 'a.html')
