"""The map of rows: neighbors stay neighbors, and each class has its color."""

import sys
import types

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from npid_mm.extras import MissingExtraError
from npid_mm.visualization import class_map, project_2d
from npid_mm.visualization.class_map import MAX_LEGEND
from tests.test_visualization.pixels import near, pixels_of


def groups(count=3, size=30, dim=16):
    """Unit rows in tight groups, and the group of each."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(count), size)
    rows = random.normal(size=(count, dim))[labels] + 0.2 * random.normal(size=(len(labels), dim))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), labels


def dots(pixels, color):
    """Mask of the pixels that dots of a color, which are 80 % opaque, have."""
    return near(pixels, 255 * (0.8 * np.array(to_rgb(color)) + 0.2), 25)


@pytest.mark.slow
def test_neighbors_in_the_map_are_of_one_group_and_equal_seeds_give_equal_maps():
    rows, labels = groups()
    points = project_2d(rows, seed=1)
    assert points.shape == (90, 2)
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    assert (labels[distance.argmin(axis=1)] == labels).all()
    assert np.array_equal(points, project_2d(rows, seed=1))


def test_few_rows_lower_the_perplexity():
    assert np.isfinite(project_2d(groups(1, 5)[0])).all()


def test_umap_gets_the_rows_the_metric_and_the_seed(monkeypatch):
    class UMAP:
        def __init__(self, **settings):
            self.settings = settings

        def fit_transform(self, rows):
            assert self.settings == dict(metric='cosine', random_state=7, n_jobs=1)
            return rows[:, :2]

    monkeypatch.setitem(sys.modules, 'umap', types.SimpleNamespace(UMAP=UMAP))
    rows, _ = groups()
    assert np.array_equal(project_2d(rows, 'umap', seed=7), rows[:, :2])


def test_a_missing_umap_is_reported_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, 'umap', None)
    with pytest.raises(
        MissingExtraError, match=r"umap' needs umap-learn, which .*\nType.*'npid-mm\[pictures\]'"
    ):
        project_2d(groups()[0], 'umap')


def test_other_methods_and_shapes_are_refused():
    rows, _ = groups()
    with pytest.raises(ValueError, match=r"one of \['tsne', 'umap'\], got 'pca'"):
        project_2d(rows, 'pca')
    with pytest.raises(ValueError, match=r'n at least 5, got \(4, 16\)'):
        project_2d(rows[:4])


def test_each_class_has_its_color_at_its_points(tmp_path):
    """Class 0 on the left, class 1 on the right; the legend stands beside the map."""
    labels = np.repeat([0, 1], 50)
    points = np.random.default_rng(0).random((100, 2)) + 4 * labels[:, None] * [1, 0]
    found = pixels_of(class_map(points, labels, ['left', 'right'], 'two', tmp_path / 'a' / 'b.png'))
    middle, legend = int(0.44 * found.shape[1]), int(0.87 * found.shape[1])
    blue, orange = dots(found, 'C0'), dots(found, 'C1')
    assert blue[:, :middle].sum() > 200 and orange[:, middle:legend].sum() > 200
    assert not blue[:, middle:legend].any() and not orange[:, :middle].any()


@pytest.mark.slow
def test_many_classes_get_a_scale_and_names_that_do_not_overlap(tmp_path):
    """One class more than fit the legend; the most compact groups have dark letters on them."""
    random = np.random.default_rng(0)
    sizes = []
    for classes in (MAX_LEGEND, MAX_LEGEND + 1):
        labels = np.repeat(np.arange(classes), 5)
        points = 30 * random.random((classes, 2))[labels] + random.random((len(labels), 2))
        names = [f'class {number}' for number in range(classes)]
        found = pixels_of(class_map(points, labels, names, '', tmp_path / f'{classes}.png'))
        dark = (found.max(axis=-1) < 60)[40:-20, 40 : int(0.7 * found.shape[1])]
        sizes.append(dark.sum())
    assert sizes[0] == 0 and sizes[1] > 300


def test_without_labels_all_points_are_gray(tmp_path):
    found = pixels_of(class_map(np.random.default_rng(0).random((40, 2)), out=tmp_path / 'a.png'))
    assert np.ptp(found, axis=-1).max() < 3 and (found.max(axis=-1) < 200).sum() > 200


def test_incompatible_shapes_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r'points must be \(n, 2\).*got \(4, 3\) and None'):
        class_map(np.zeros((4, 3)), out=tmp_path / 'a.png')
    with pytest.raises(ValueError, match=r'got \(4, 2\) and \(3,\)'):
        class_map(np.zeros((4, 2)), np.zeros(3, int), out=tmp_path / 'a.png')
    assert not list(tmp_path.iterdir())
