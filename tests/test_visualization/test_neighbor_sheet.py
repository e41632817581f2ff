"""Images, frames and captions of the contact sheet, pixel by pixel."""

import numpy as np
import pytest
import torch
from PIL import Image

from npid_mm.images import ImageReader
from npid_mm.visualization import neighbor_sheet
from npid_mm.visualization.sheet_layout import FRAME, Sheet
from npid_mm.visualization.style import PAD, RIGHT, WRONG
from tests.test_visualization.pixels import near, pixels_of, share

THUMB = 48
COLORS = ['#0000ff', '#00ffff', '#ff00ff', '#ffff00']


@pytest.fixture
def images(tmp_path):
    """One square image of each color."""
    paths = [tmp_path / f'{i}.png' for i in range(len(COLORS))]
    for path, color in zip(paths, COLORS, strict=True):
        Image.new('RGB', (20, 20), color).save(path)
    return paths


def cells(path, rows, neighbors, labeled):
    """Pixels of each cell of a sheet, by row and column."""
    sheet = Sheet(rows, neighbors, THUMB, labeled)
    pixels = pixels_of(path)
    assert pixels.shape[1::-1] == sheet.image.size

    def cell(row, column):
        x, y = sheet.left(column), sheet.top + row * sheet.row_height
        return pixels[y : y + sheet.row_height, x : x + THUMB]

    return cell


def test_frames_marks_and_images_are_where_they_belong(images, tmp_path):
    """Green only around neighbors of the query's class, red around the others."""
    neighbor_paths = [[images[1], images[2], images[3]], [images[3], images[0], images[1]]]
    query_labels, neighbor_labels = [5, 7], [[5, 7, 5], [5, 5, 7]]
    out = neighbor_sheet(
        images[:2],
        neighbor_paths,
        torch.rand(2, 3),
        query_labels,
        neighbor_labels,
        out=tmp_path / 'new' / 'sheet.png',
        thumb=THUMB,
    )
    cell = cells(out, 2, 3, labeled=True)
    for row in range(2):
        assert share(cell(row, 0)[:THUMB], RIGHT) == share(cell(row, 0)[:THUMB], WRONG) == 0
        assert share(cell(row, 0)[10:30, 10:30], COLORS[row]) == 1
        for rank in range(3):
            found = cell(row, 1 + rank)[:THUMB]
            same = neighbor_labels[row][rank] == query_labels[row]
            edges = np.concatenate([found[-FRAME:], found[:, :FRAME].swapaxes(0, 1)])
            assert share(edges, RIGHT if same else WRONG) == 1
            assert share(found, WRONG if same else RIGHT) == 0
            color = COLORS[images.index(neighbor_paths[row][rank])]
            assert share(found[20:40, 10:30], color) == 1


def test_right_and_wrong_differ_without_color(images, tmp_path):
    """The marks differ in shape too, for readers who cannot distinguish the colors."""
    out = neighbor_sheet(
        images[:1],
        [[images[0], images[0]]],
        [[1, 1]],
        [0],
        [[0, 1]],
        out=tmp_path / 'sheet.png',
        thumb=THUMB,
    )
    cell = cells(out, 1, 2, labeled=True)
    strokes = [cell(0, i)[: THUMB // 4, -THUMB // 4 :].min(axis=-1) > 150 for i in (1, 2)]
    assert strokes[0].sum() > 10 and strokes[1].sum() > 10
    assert (strokes[0] != strokes[1]).sum() > 10


def test_no_labels_no_frames(images, tmp_path):
    """Rows may differ in length."""
    out = neighbor_sheet(
        images[:3],
        [[images[1]], images[:2], []],
        [[0.5], [0.5, 0.25], []],
        out=tmp_path / 'sheet.png',
        thumb=THUMB,
    )
    pixels = pixels_of(out)
    assert share(pixels, RIGHT) == share(pixels, WRONG) == 0
    cell = cells(out, 3, 2, labeled=False)
    assert share(cell(1, 2)[10:30, 10:30], COLORS[1]) == 1
    assert share(cell(0, 2), '#ffffff') == share(cell(2, 1), '#ffffff') == 1


def test_captions_are_printed_below_the_images(images, tmp_path):
    """Similarity in the first line and class name in the second, long names cut to the column."""
    names = ['short', 'a name that is far too long for its column']
    arguments = ([images[0]], [[images[1], images[2]]], [[0.9, 0.1]], [0], [[0, 1]], names)
    out = neighbor_sheet(*arguments, out=tmp_path / 'sheet.png', thumb=THUMB)
    cell = cells(out, 1, 2, labeled=True)
    captions = [cell(0, column)[THUMB:] for column in range(3)]
    dark = [(caption.max(axis=-1) < 160).any(axis=1).nonzero()[0] for caption in captions]
    assert dark[0].max() < 18  # a query has its class only
    assert dark[1].min() < 16 < dark[1].max() and dark[2].min() < 16 < dark[2].max()
    assert share(pixels_of(out)[:, -8:], '#ffffff') == 1


@pytest.mark.parametrize('size', [(60, 20), (20, 60)])
def test_other_aspect_ratios_are_letterboxed(tmp_path, size):
    Image.new('RGB', size, COLORS[0]).save(tmp_path / 'a.png')
    path = tmp_path / 'a.png'
    out = neighbor_sheet([path], [[path]], [[1]], out=tmp_path / 'sheet.png', thumb=THUMB)
    inner = cells(out, 1, 1, labeled=False)(0, 1)[FRAME : THUMB - FRAME, FRAME : THUMB - FRAME]
    assert share(inner, COLORS[0]) == pytest.approx(1 / 3, abs=0.02)
    assert share(inner, PAD) == pytest.approx(2 / 3, abs=0.02)


def test_images_of_any_mode_are_drawn(tmp_path):
    paths = [tmp_path / f'{mode}.png' for mode in ('L', 'LA', 'RGBA', 'P', '1')]
    for path in paths:
        Image.new(path.stem, (9, 9), 1).save(path)
    neighbor_sheet(paths[:1], [paths], [[0.5] * 5], out=tmp_path / 'sheet.png')


def test_an_unreadable_image_is_a_tile_with_its_name(images, tmp_path):
    out = neighbor_sheet([images[0]], [[images[1]]], [[1]], out=tmp_path / 'sheet.png')
    before = pixels_of(out)
    images[1].write_bytes(b'broken')
    neighbor_sheet([images[0]], [[images[1]]], [[1]], out=out)
    after = pixels_of(out)
    changed = np.argwhere((before != after).any(-1))
    assert len(changed) and np.ptp(changed, axis=0).max() < 72  # no other image
    assert near(after, WRONG, 1).any() and not near(before, WRONG, 1).any()


def test_transparent_files_are_drawn_on_the_background_of_the_reader(tmp_path):
    path = tmp_path / 'drawing.png'
    Image.new('RGBA', (90, 90), (0, 0, 0, 0)).save(path)
    for reader, color in ((None, (255, 255, 255)), (ImageReader((9, 99, 199)), (9, 99, 199))):
        out = neighbor_sheet([path], [[path]], [[1]], out=tmp_path / 'sheet.png', reader=reader)
        sheet = pixels_of(out)
        assert near(sheet, color, 1).sum() >= 2 * 66**2
        assert not near(sheet, (0, 0, 0), 1).any()


def test_a_sheet_that_cannot_be_written_leaves_no_file(images, tmp_path):
    with pytest.raises(ValueError, match='unknown file extension'):
        neighbor_sheet([images[0]], [[images[0]]], [[1]], out=tmp_path / 'sheet.none')
    assert {path.suffix for path in tmp_path.iterdir()} == {'.png'}


@pytest.mark.parametrize(
    'change, message',
    [
        (dict(query_paths=[]), 'query_paths must name at least one image'),
        (dict(neighbor_paths=[['a']] * 2), 'neighbor_paths must .* got 2 for 1 queries'),
        (dict(similarity=[[1, 2]]), r'similarity must have one value .* \[2\] for rows of \[1\]'),
        (dict(query_labels=[0]), 'given both or not at all'),
        (
            dict(query_labels=[0, 1], neighbor_labels=[[0]]),
            'query_labels must .* got 2 for 1 queries',
        ),
        (dict(query_labels=[0], neighbor_labels=[[]]), r'neighbor_labels must .* rows of \[0\]'),
        (dict(thumb=8), 'thumb must be at least 32 pixels, got 8'),
        (dict(sections={'a': 2}), r'sections must have 1 rows in all, .* got .*2'),
    ],
)
def test_incompatible_arguments_are_refused(change, message, tmp_path):
    arguments = dict(query_paths=['a'], neighbor_paths=[['a']], similarity=[[1]])
    with pytest.raises(ValueError, match=message):
        neighbor_sheet(**(arguments | change), out=tmp_path / 'sheet.png')
    assert not list(tmp_path.iterdir())
