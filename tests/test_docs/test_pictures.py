"""The pictures of the docs are small, and each is on a page."""

from tests.pages import pages
from tests.toy import ROOT

PICTURES = sorted((ROOT / 'docs/images').iterdir())
MAX_BYTES = 300_000  # pages open quickly, and a clone stays small


def test_pictures_are_small():
    assert PICTURES
    assert not {
        path.name: path.stat().st_size for path in PICTURES if path.stat().st_size > MAX_BYTES
    }


def test_every_picture_is_on_a_page():
    text = ''.join(page.read_text(encoding='utf-8') for page in pages())
    assert not [path.name for path in PICTURES if f'images/{path.name})' not in text]
