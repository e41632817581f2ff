"""Accuracy by class equals scikit-learn's recall, and bars have its length."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from sklearn.metrics import accuracy_score, recall_score

from npid_mm.visualization import class_accuracy, class_accuracy_bars
from npid_mm.visualization.class_accuracy import ENDS, MAX_BARS
from tests.test_visualization.pixels import near, pixels_of


def predictions(classes=7, images=400):
    random = np.random.default_rng(0)
    labels = random.integers(0, classes, images)
    return np.where(
        random.random(images) < 0.6, labels, random.integers(0, classes, images)
    ), labels


def blue(path):
    """Mask of the pixels in the color of bars."""
    return near(pixels_of(path), 255 * (0.85 * np.array(to_rgb('C0')) + 0.15), 12)


def test_numbers_are_those_of_scikit_learn():
    """The accuracy of a class is its recall."""
    predicted, labels = predictions()
    figures = class_accuracy(predicted, labels)
    recall = 100 * recall_score(labels, predicted, average=None)
    assert figures['accuracy'] == pytest.approx(100 * accuracy_score(labels, predicted))
    assert figures['mean_of_classes'] == pytest.approx(recall.mean())
    for each in figures['classes']:
        assert each['accuracy'] == pytest.approx(recall[each['label']])
        assert each['images'] == (labels == each['label']).sum()
        assert each['right'] == ((labels == each['label']) & (predicted == labels)).sum()
    values = [each['accuracy'] for each in figures['classes']]
    assert values == sorted(values, reverse=True) and len(set(values)) > 1


def test_classes_without_images_are_left_out_and_names_are_used():
    figures = class_accuracy([0, 4, 4, 9], [0, 4, 4, 4], class_names=list('abcdefghij'))
    assert [(each['name'], each['right'], each['images']) for each in figures['classes']] == [
        ('a', 1, 1),
        ('e', 2, 3),
    ]
    assert figures['accuracy'] == 75


@pytest.mark.slow
def test_bars_are_as_long_as_the_accuracy(tmp_path):
    """Three classes of 100, 50 and 25 percent, from the top."""
    labels = np.repeat([0, 1, 2], 4)
    predicted = np.array([0, 9, 9, 9] + [1, 1, 9, 9] + [2, 2, 2, 2])
    out = class_accuracy_bars(class_accuracy(predicted, labels), tmp_path / 'new' / 'bars.png')
    widths = blue(out).sum(axis=1)
    widths = widths[widths > 0]
    # the median ignores the edges of a bar
    lengths = [np.median(bar) for bar in np.array_split(widths, 3)]
    assert np.array(lengths) / lengths[0] == pytest.approx([1, 0.5, 0.25], abs=0.03)


@pytest.mark.slow
def test_many_classes_are_a_profile_and_bars_of_the_ends(tmp_path):
    """The profile covers the share of its panel that is the mean over the classes."""
    predicted, labels = predictions(classes=1000, images=20_000)
    figures = class_accuracy(predicted, labels)
    found = blue(class_accuracy_bars(figures, tmp_path / 'many.png'))
    left = found[:, : found.shape[1] // 2 - 90]
    rows, columns = left.any(axis=1).nonzero()[0], left.any(axis=0).nonzero()[0]
    area = left.sum() / ((rows[-1] - rows[0]) * (columns[-1] - columns[0]))
    # some class has 100 percent, so that the profile is as high as the panel
    assert area == pytest.approx(figures['mean_of_classes'] / 100, abs=0.08)
    right = found[:, found.shape[1] // 2 :].any(axis=1)
    bars = (right[1:] & ~right[:-1]).sum()
    worst = [each['accuracy'] for each in figures['classes'][-ENDS:]]
    assert bars == ENDS + np.count_nonzero(np.array(worst) > 1)


@pytest.mark.slow
def test_one_class_more_than_bars_changes_the_layout(tmp_path):
    sizes = []
    for classes in (MAX_BARS, MAX_BARS + 1):
        labels = np.arange(classes)
        out = class_accuracy_bars(class_accuracy(labels, labels), tmp_path / f'{classes}.png')
        sizes.append(pixels_of(out).shape)
    assert sizes[0][0] > sizes[0][1] and sizes[1][0] < sizes[1][1]


@pytest.mark.parametrize('predicted, labels', [([0, 1], [0, 1, 2]), ([], [])])
def test_lengths_that_differ_and_no_images_are_refused(predicted, labels):
    with pytest.raises(ValueError, match='of one length, at least 1, got'):
        class_accuracy(predicted, labels)
