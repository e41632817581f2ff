"""Accuracy by class against a plain count, and the lengths of the bars."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image
from sklearn.metrics import accuracy_score, recall_score

from npid_mm.visualization import class_accuracy, class_accuracy_bars
from npid_mm.visualization.class_accuracy import ENDS, NAMED


def answers(classes=7, images=400):
    random = np.random.default_rng(0)
    labels = random.integers(0, classes, images)
    return np.where(
        random.random(images) < 0.6, labels, random.integers(0, classes, images)
    ), labels


def blue(path):
    """Where the picture has the colour of bars."""
    pixels = np.asarray(Image.open(path).convert('RGB')).astype(float)
    over_white = 255 * (0.85 * np.array(to_rgb('C0')) + 0.15)
    return abs(pixels - over_white).max(axis=-1) < 12


def test_figures_are_those_of_scikit_learn():
    """The accuracy of a class is its recall."""
    predicted, labels = answers()
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


def test_bars_are_as_long_as_the_accuracy(tmp_path):
    """Three classes of 100, 50 and 25 percent, from the top on."""
    labels = np.repeat([0, 1, 2], 4)
    predicted = np.array([0, 9, 9, 9] + [1, 1, 9, 9] + [2, 2, 2, 2])
    out = class_accuracy_bars(class_accuracy(predicted, labels), tmp_path / 'new' / 'bars.png')
    widths = blue(out).sum(axis=1)
    widths = widths[widths > 0]
    # rows of pixels of a bar are equally wide, but at its edges
    lengths = [np.median(bar) for bar in np.array_split(widths, 3)]
    assert np.array(lengths) / lengths[0] == pytest.approx([1, 0.5, 0.25], abs=0.03)


def test_many_classes_are_a_profile_and_named_ends(tmp_path):
    """The profile of the left half covers as much of its panel as the mean of the classes."""
    predicted, labels = answers(classes=1000, images=20_000)
    figures = class_accuracy(predicted, labels)
    many = class_accuracy_bars(figures, tmp_path / 'many.png')
    found = blue(many)
    left = found[:, : found.shape[1] // 2 - 90]
    rows, columns = left.any(axis=1).nonzero()[0], left.any(axis=0).nonzero()[0]
    area = left.sum() / ((rows[-1] - rows[0]) * (columns[-1] - columns[0]))
    # the panel ends at 100 percent, where a class with few images is
    assert area == pytest.approx(figures['mean_of_classes'] / 100, abs=0.08)
    right = found[:, found.shape[1] // 2 :].any(axis=1)
    bars = (right[1:] & ~right[:-1]).sum()
    worst = [each['accuracy'] for each in figures['classes'][-ENDS:]]
    assert bars == ENDS + np.count_nonzero(np.array(worst) > 1)


def test_the_limit_between_both(tmp_path):
    sizes = []
    for classes in (NAMED, NAMED + 1):
        predicted = labels = np.arange(classes)
        out = class_accuracy_bars(class_accuracy(predicted, labels), tmp_path / f'{classes}.png')
        sizes.append(Image.open(out).size)
    assert sizes[0][0] < sizes[0][1] and sizes[1][0] > sizes[1][1]


def test_refuses_lengths_that_differ():
    with pytest.raises(ValueError, match=r'of one length, at least 1, got \(2,\) and \(3,\)'):
        class_accuracy([0, 1], [0, 1, 2])
    with pytest.raises(ValueError, match='at least 1'):
        class_accuracy([], [])
