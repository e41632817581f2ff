"""The sheet of augmented views, pixel by pixel."""

import numpy as np
import pytest

from npid_mm.visualization import view_sheet
from npid_mm.visualization.style import column_left
from npid_mm.visualization.view_sheet import TOP
from tests.test_visualization.pixels import near, pixels_of


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_each_image_is_in_its_cell(tmp_path):
    """Wide originals are shrunk and keep their aspect ratio; small views show their own pixels."""
    cell = 64
    originals = [np.full((100, 200, 3), [250, 0, 0], np.uint8)] * 2
    views = [[noise(8, 8, 3)] * 3, [noise(8, 8, 3)[::-1]] * 2]
    out = view_sheet(originals, views, tmp_path / 'new' / 'sheet.png', 'title', cell)
    sheet = pixels_of(out)
    for row, shown in enumerate(views):
        top = TOP + row * (cell + 26)

        def cell_of(column, top=top):
            left = column_left(column, cell)
            return sheet[top : top + cell, left : left + cell]

        red = near(cell_of(0), (250, 0, 0), 1)
        assert red[16:48].all() and not red[:16].any() and not red[48:].any()
        for number, view in enumerate(shown, 1):
            assert np.array_equal(cell_of(number), view.repeat(8, 0).repeat(8, 1))


@pytest.mark.parametrize(
    ('originals', 'views', 'cell', 'message'),
    [
        (1, 2, 64, 'one row for each, got 1 and 2'),
        (0, 0, 64, 'at least one image.*got 0 and 0'),
        (1, 1, 8, 'cell must be at least 32 pixels, got 8'),
    ],
)
def test_incompatible_arguments_are_refused(tmp_path, originals, views, cell, message):
    image = np.zeros((8, 8, 3), np.uint8)
    with pytest.raises(ValueError, match=message):
        view_sheet([image] * originals, [[image]] * views, tmp_path / 'a.png', cell=cell)
    assert not list(tmp_path.iterdir())
