"""Fixtures of the tests of pictures and pages."""

import pytest
from PIL import Image

from npid_mm.visualization import neighbor_page
from tests.test_visualization.neighbor_pages import COLORS, LABELS, LINKS


@pytest.fixture
def images(tmp_path):
    """One image of each color, the last in a large file."""
    paths = [tmp_path / f'{number}.png' for number in range(len(COLORS))]
    for path, color in zip(paths, COLORS, strict=True):
        Image.new('RGB', (300, 200) if path is paths[-1] else (20, 20), color).save(path)
    return paths


@pytest.fixture
def page(images, tmp_path):
    """A page of two queries and three images of an index of 1,000."""
    return neighbor_page(images, LINKS, 2, LABELS, total=1000, out=tmp_path / 'new' / 'page.html')
