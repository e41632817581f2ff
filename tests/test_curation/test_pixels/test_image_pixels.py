"""Nearest thumbnails of files, and pairs of which one is unreadable."""

import math

import pytest

from npid_mm.curation import pixel_similarity
from npid_mm.curation.pixels import ImagePixels
from npid_mm.images import ImageReader
from tests.test_curation.scenes import COUNT, scene, write_scenes


@pytest.fixture
def pixels(tmp_path):
    paths = write_scenes(tmp_path).paths
    return ImagePixels([*paths, str(tmp_path / 'gone.png')], ImageReader())


def test_copies_have_the_nearest_thumbnails(pixels):
    """The copies of 0 are cropped and mirrored; the one of 1 is resized."""
    table = pixels.neighbors(3)
    assert table.indices[1, 0] == COUNT + 2 and table.indices[COUNT + 2, 0] == 1
    assert table.indices[0, 0] == COUNT + 1 and table.indices[COUNT + 1, 0] == 0
    assert COUNT in table.indices[0]
    assert (table.similarity[[0, 1], 0] > 0.99).all()
    assert table.similarity.max() <= 1 + 1e-5
    own = range(len(table.indices))
    assert all(row not in near for row, near in zip(own, table.indices.tolist(), strict=True))


def test_unreadable_files_have_no_similarity(pixels):
    assert pixels(0, COUNT) == pytest.approx(pixel_similarity(scene(0), scene(0)[5:90, 5:120]))
    assert math.isnan(pixels(0, COUNT + 3))
    assert pixels.neighbors(2).similarity[COUNT + 3].max() <= 0
