"""The map of rows: neighbours stay neighbours, and each class has its colour."""

import sys
import types

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from npid_mm.extras import MissingExtraError
from npid_mm.visualization import class_map, plane
from npid_mm.visualization.class_map import LISTED


def groups(count=3, size=30, dim=16):
    """Unit rows in tight groups, and the group of each."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(count), size)
    rows = random.normal(size=(count, dim))[labels] + 0.2 * random.normal(size=(len(labels), dim))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), labels


def pixels(path):
    return np.asarray(Image.open(path).convert('RGB')).astype(float)


def near(found, color):
    """Where a picture has a colour, as dots (80 % opaque) show it."""
    return abs(found - 255 * (0.8 * np.array(to_rgb(color)) + 0.2)).max(axis=-1) < 25


def test_neighbours_in_the_map_are_of_one_group_and_seeds_count():
    rows, labels = groups()
    points = plane(rows, seed=1)
    assert points.shape == (90, 2)
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    assert (labels[distance.argmin(axis=1)] == labels).all()
    assert np.array_equal(points, plane(rows, seed=1))


def test_few_rows_lower_the_perplexity():
    assert np.isfinite(plane(groups(1, 5)[0])).all()


def test_umap_gets_the_rows_the_metric_and_the_seed(monkeypatch):
    class UMAP:
        def __init__(self, **settings):
            self.settings = settings

        def fit_transform(self, rows):
            assert self.settings == dict(metric='cosine', random_state=7, n_jobs=1)
            return rows[:, :2]

    monkeypatch.setitem(sys.modules, 'umap', types.SimpleNamespace(UMAP=UMAP))
    rows, _ = groups()
    assert np.array_equal(plane(rows, 'umap', seed=7), rows[:, :2])


def test_missing_umap_says_what_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, 'umap', None)
    with pytest.raises(
        MissingExtraError, match=r"umap' needs umap-learn, which .*\nType.*-e '\.\[pictures\]'"
    ):
        plane(groups()[0], 'umap')


def test_refuses_other_methods_and_shapes():
    rows, _ = groups()
    with pytest.raises(ValueError, match=r"one of \['tsne', 'umap'\], got 'pca'"):
        plane(rows, 'pca')
    with pytest.raises(ValueError, match=r'n at least 5, got \(4, 16\)'):
        plane(rows[:4])


def test_each_class_has_its_colour_where_its_points_are(tmp_path):
    """Class 0 on the left, class 1 on the right; the legend stands beside the map."""
    labels = np.repeat([0, 1], 50)
    points = np.random.default_rng(0).random((100, 2)) + 4 * labels[:, None] * [1, 0]
    found = pixels(class_map(points, labels, ['left', 'right'], 'two', tmp_path / 'a' / 'b.png'))
    middle, legend = int(0.44 * found.shape[1]), int(0.87 * found.shape[1])
    blue, orange = near(found, 'C0'), near(found, 'C1')
    assert blue[:, :middle].sum() > 200 and orange[:, middle:legend].sum() > 200
    assert not blue[:, middle:legend].any() and not orange[:, :middle].any()


def test_many_classes_get_a_scale_and_names_that_do_not_overlap(tmp_path):
    """One class more than a legend holds; the tightest groups have dark letters on them."""
    random = np.random.default_rng(0)
    sizes = []
    for classes in (LISTED, LISTED + 1):
        labels = np.repeat(np.arange(classes), 5)
        points = 30 * random.random((classes, 2))[labels] + random.random((len(labels), 2))
        names = [f'class {number}' for number in range(classes)]
        found = pixels(class_map(points, labels, names, '', tmp_path / f'{classes}.png'))
        dark = (found.max(axis=-1) < 60)[40:-20, 40 : int(0.7 * found.shape[1])]
        sizes.append(dark.sum())
    assert sizes[0] == 0 and sizes[1] > 300


def test_without_labels_all_points_are_gray(tmp_path):
    found = pixels(class_map(np.random.default_rng(0).random((40, 2)), out=tmp_path / 'a.png'))
    assert np.ptp(found, axis=-1).max() < 3 and (found.max(axis=-1) < 200).sum() > 200


def test_refuses_shapes_that_do_not_fit(tmp_path):
    with pytest.raises(ValueError, match=r'points must be \(n, 2\).*got \(4, 3\) and None'):
        class_map(np.zeros((4, 3)), out=tmp_path / 'a.png')
    with pytest.raises(ValueError, match=r'got \(4, 2\) and \(3,\)'):
        class_map(np.zeros((4, 2)), np.zeros(3, int), out=tmp_path / 'a.png')
    assert not list(tmp_path.iterdir())
