"""Queries of the retrieval figure, and their places."""

import numpy as np
import pytest

from npid_mm.visualization import rank_queries, retrieval_figure, sample_positions
from npid_mm.visualization.sheet_layout import FRAME, HEADING, Sheet
from npid_mm.visualization.style import PAD, RIGHT, WRONG
from tests.test_visualization.pixels import near, pixels_of, share

THUMB = 72


def gray(position):
    """Image whose shade is its position."""
    return np.full((8, 8, 3), 10 * position, np.uint8)


def searched(queries=20, references=24, k=3, classes=4, seed=0):
    """Similarity, index, and labels of both sides, all random."""
    random = np.random.default_rng(seed)
    similarity = -np.sort(-random.random((queries, k)), axis=1)
    index = np.argsort(random.random((queries, references)), axis=1)[:, :k]
    return (
        similarity,
        index,
        random.integers(0, classes, queries),
        random.integers(0, classes, references),
    )


def test_queries_are_ranked_by_the_three_rules():
    """Against a plain loop; coarse similarities and few classes make many ties."""
    similarity, index, own, labels = searched(queries=300, k=4, classes=2)
    similarity = similarity.round(1)
    right = labels[index] == own[:, None]

    def rules(query):
        margin = sum(s if r else -s for s, r in zip(similarity[query], right[query], strict=True))
        return (right[query].sum(), right[query].tolist(), round(margin, 6))

    order = rank_queries(similarity, right).tolist()
    assert sorted(order) == list(range(300))
    ranks = [rules(query) for query in order]
    assert ranks == sorted(ranks, reverse=True)
    assert len({str(count) + str(pattern) for count, pattern, _ in ranks}) == 16


def test_ranking_needs_one_shape():
    with pytest.raises(ValueError, match=r'one shape \(Q, K\), got \(2, 3\) and \(2, 2\)'):
        rank_queries(np.zeros((2, 3)), np.zeros((2, 2), bool))


def cells(out, rows, neighbors, sections, labeled=True):
    """Pixels of the image in each cell, below the headings of sections."""
    sheet = Sheet(rows, neighbors, THUMB, labeled)
    pixels = pixels_of(out)
    starts = np.cumsum([0, *sections])[:-1]

    def cell(row, column):
        top = sheet.top + row * sheet.row_height + HEADING * (starts <= row).sum()
        return pixels[top : top + THUMB, sheet.left(column) : sheet.left(column) + THUMB]

    expected = sheet.top + rows * sheet.row_height + HEADING * len(sections) + 16
    assert len(pixels) == expected
    return cell


def test_best_worst_and_random_rows_show_their_images_and_frames(tmp_path):
    similarity, index, own, labels = searched()
    out = retrieval_figure(
        gray, gray, similarity, index, own, labels, rows=2, seed=3, out=tmp_path / 'a.png'
    )
    right = labels[index] == own[:, None]
    margin = np.where(right, similarity, -similarity).sum(1)
    order = sorted(range(20), key=lambda q: (right[q].sum(), right[q].tolist(), margin[q]))
    cell = cells(out, 6, 3, [2, 2, 2])
    inner = slice(FRAME + 20, THUMB - FRAME - 20)
    shown = []
    for row in range(6):
        query = round(cell(row, 0)[inner, inner].mean() / 10)
        shown.append(query)
        for rank in range(3):
            found = cell(row, 1 + rank)
            assert (found[inner, inner] == 10 * index[query, rank]).all()
            color = RIGHT if right[query, rank] else WRONG
            assert share(found[-FRAME:], color) == share(found[:, :FRAME], color) == 1
    assert shown[:2] == order[:-3:-1] and shown[2:4] == order[:2]
    assert shown[4:] == sample_positions(20, 2, 3).tolist()


def test_headings_are_bands_above_their_rows(tmp_path):
    similarity, index, own, labels = searched()
    out = retrieval_figure(
        gray, gray, similarity, index, own, labels, rows=2, out=tmp_path / 'a.png'
    )
    sheet = Sheet(6, 3, THUMB, True)
    pixels = pixels_of(out)
    rows = near(pixels[:, -30], PAD, 1)
    starts = np.flatnonzero(rows & ~np.roll(rows, 1))
    section = 2 * sheet.row_height + HEADING
    assert starts.tolist() == [sheet.top + 4 + section * number for number in range(3)]


def test_without_labels_random_queries_only_and_no_frames(tmp_path):
    similarity, index, _, _ = searched()
    out = retrieval_figure(gray, gray, similarity, index, rows=5, seed=1, out=tmp_path / 'a.png')
    cell = cells(out, 5, 3, [5], labeled=False)
    shown = [round(cell(row, 0)[30:40, 30:40].mean() / 10) for row in range(5)]
    assert shown == sample_positions(20, 5, 1).tolist()
    pixels = pixels_of(out)
    assert share(pixels, RIGHT) == share(pixels, WRONG) == 0


def test_title_fits_on_the_sheet(tmp_path):
    """Three columns are narrower than a long name."""
    similarity, index, _, _ = searched()
    name = 'a configuration with a very long name indeed ' * 3
    out = retrieval_figure(gray, gray, similarity, index, name=name, out=tmp_path / 'a.png')
    pixels = pixels_of(out)
    assert (pixels[:32, -10:] == 255).all() and (pixels[:32, -60:-10] < 100).any()


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(rows=11), r'rows must be in 1\.\.10 for 20 queries, got 11'),
        (dict(rows=0), r'rows must be in 1\.\.10 for 20 queries, got 0'),
        (dict(query_labels=None), 'query_labels and reference_labels must be given both'),
        (dict(seed=-1), 'seed must be at least 0, got -1'),
    ],
)
def test_incompatible_arguments_are_refused(change, message, tmp_path):
    names = ('similarity', 'index', 'query_labels', 'reference_labels')
    arguments = dict(zip(names, searched(), strict=True)) | change
    with pytest.raises(ValueError, match=message):
        retrieval_figure(gray, gray, **arguments, out=tmp_path / 'a.png')
    assert not list(tmp_path.iterdir())
