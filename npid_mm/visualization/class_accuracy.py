"""Accuracy by class, in numbers and as a bar chart."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from npid_mm.utils.atomic_io import atomic_path

from .style import FADED, INK, class_name, shorten

MAX_BARS = 40  # with more classes, only the best and the worst get a bar
ENDS = 15  # number of the best, and of the worst
MAX_NAME = 28  # characters


def class_accuracy(
    predicted: ArrayLike, labels: ArrayLike, class_names: Sequence[str] | None = None
) -> dict[str, Any]:
    """Compute the accuracy of each class.

    Args:
        predicted (Tensor | ndarray): (Q,), predicted classes.
        labels (Tensor | ndarray): (Q,), true classes.
        class_names (Sequence[str], optional): Names to show instead of class numbers.

    Returns:
        dict: ``accuracy`` of all images and ``mean_of_classes`` in percent, and ``classes``: for
        each class with images ``label``, ``name``, ``images``, ``right`` and ``accuracy`` in
        percent, sorted by accuracy, then by label.

    Raises:
        ValueError: If the arrays are empty, or their lengths differ.

    Example:
        >>> class_accuracy([0, 1, 1], [0, 0, 1], ['cat', 'dog'])['mean_of_classes']
        75.0
    """
    predicted, labels = np.asarray(predicted), np.asarray(labels)
    if len(labels) == 0 or predicted.shape != labels.shape:
        raise ValueError(
            'predicted and labels must be of one length, at least 1, got '
            f'{predicted.shape} and {labels.shape}'
        )
    images = np.bincount(labels)
    right = np.bincount(labels[predicted == labels], minlength=len(images))
    classes = [
        {
            'label': label,
            'name': class_name(label, class_names),
            'images': int(images[label]),
            'right': int(right[label]),
            'accuracy': float(100 * right[label] / images[label]),
        }
        for label in np.flatnonzero(images).tolist()
    ]
    return {
        'accuracy': float(100 * right.sum() / images.sum()),
        'mean_of_classes': float(np.mean([each['accuracy'] for each in classes])),
        'classes': sorted(classes, key=lambda each: -each['accuracy']),
    }


def class_accuracy_bars(
    figures: dict[str, Any], out: str | Path, title: str = 'Accuracy by class'
) -> str | Path:
    """Draw one bar per class, sorted, and a line at the accuracy of all images.

    More than :data:`MAX_BARS` classes are drawn as a profile without names; beside it, the best
    and the worst classes have bars.

    Args:
        figures (dict): Result of :func:`class_accuracy`.
        out (str | Path): Image file to write.
        title (str): Line above the picture.

    Returns:
        str | Path: ``out``.

    Example:
        >>> figures = class_accuracy([0, 1, 1], [0, 0, 1], ['cat', 'dog'])
        >>> class_accuracy_bars(figures, 'bars.png')
        'bars.png'
    """
    from matplotlib.figure import Figure  # slow to import

    classes = figures['classes']
    if len(classes) <= MAX_BARS:
        figure = Figure(figsize=(7.2, 1.5 + 0.28 * len(classes)), dpi=120, layout='constrained')
        _draw_bars(figure.subplots(), classes, figures['accuracy'])
    else:
        figure = Figure(figsize=(11, 1.7 + 0.28 * 2 * ENDS), dpi=120, layout='constrained')
        profile, bars = figure.subplots(1, 2, width_ratios=(1.1, 1))
        _draw_profile(profile, [each['accuracy'] for each in classes], figures['accuracy'])
        shown = [*classes[:ENDS], None, *classes[-ENDS:]]
        _draw_bars(bars, shown, figures['accuracy'])
        bars.set_title(f'the best and the worst {ENDS}', fontsize=10, color=FADED)
    figure.suptitle(title, fontsize=11, color=INK)
    with atomic_path(out, keep_suffix=True) as path:
        figure.savefig(path)
    return out


def _draw_bars(axes: Any, classes: list[dict | None], overall: float) -> None:
    """Draw horizontal bars from the top; None leaves a gap."""
    places = [place for place, each in enumerate(classes) if each]
    shown = [each for each in classes if each]
    values = [each['accuracy'] for each in shown]
    axes.barh(places, values, height=0.72, color='C0', alpha=0.85)
    for place, each in zip(places, shown, strict=True):
        text = f'{each["accuracy"]:.1f}   ({each["right"]} of {each["images"]})'
        axes.text(101, place, text, va='center', fontsize=8, color=FADED)
    axes.set_yticks(places, [shorten(each['name'], MAX_NAME) for each in shown], fontsize=9)
    axes.set_ylim(len(classes) - 0.4, -0.6)
    axes.set_xlim(0, 100)
    _finish(axes, 'x', overall)
    axes.axvline(overall, color=INK, linewidth=1, linestyle='--')
    axes.tick_params(axis='y', length=0)
    axes.spines['left'].set_visible(False)


def _draw_profile(axes: Any, values: list[float], overall: float) -> None:
    """Draw all classes from the best to the worst, without names."""
    edges = np.arange(len(values) + 1)
    axes.stairs(values, edges, fill=True, color='C0', alpha=0.85)
    axes.axhline(overall, color=INK, linewidth=1, linestyle='--')
    axes.set_xlim(0, len(values))
    axes.set_ylim(0, 100)
    _finish(axes, 'y', overall)
    axes.set_xlabel(f'{len(values)} classes, sorted')
    axes.set_title('all classes', fontsize=10, color=FADED)


def _finish(axes: Any, value_axis: str, overall: float) -> None:
    name = f'top-1 accuracy (%); dashed: all images, {overall:.1f}'
    axes.set(**{f'{value_axis}label': name})
    axes.grid(axis=value_axis, alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[['top', 'right']].set_visible(False)
