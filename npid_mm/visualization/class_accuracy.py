"""Accuracy by class: the figures, and bars of them."""

import numpy as np

from npid_mm.utils.atomic_io import atomic_path

from .contact_sheet import FADED, INK

NAMED = 40  # classes that all get a bar with a name
ENDS = 15  # of more classes, the best and the worst that do
LONGEST = 28  # characters of a name


def class_accuracy(predicted, labels, class_names=None):
    """Count the right answers of each class.

    Args:
        predicted (Tensor | ndarray): (Q,), the class that was answered.
        labels (Tensor | ndarray): (Q,), the true class.
        class_names (Sequence[str], optional): Names in place of class numbers.

    Returns:
        dict: ``accuracy`` of all images and ``mean_of_classes`` in percent, and ``classes``: for
        each class that has images ``label``, ``name``, ``images``, ``right`` and ``accuracy`` in
        percent, the best first; equal ones by label.

    Raises:
        ValueError: There is no image, or the lengths differ.
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
            'name': str(label) if class_names is None else str(class_names[label]),
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


def class_accuracy_bars(figures, out, title='Accuracy by class'):
    """Draw a bar for each class, sorted, and a line at the accuracy of all images.

    Above :data:`NAMED` classes, all of them are a profile, and the best and the worst have named
    bars beside it.

    Args:
        figures (dict): What :func:`class_accuracy` returned.
        out (str | PathLike): Image file to write.
        title (str): Line above the picture.

    Returns:
        str | PathLike: ``out``.
    """
    from matplotlib.figure import Figure  # slow to import

    classes = figures['classes']
    if len(classes) <= NAMED:
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


def _draw_bars(axes, classes, overall):
    """Horizontal bars from the top on; a None leaves a gap."""
    places = [place for place, each in enumerate(classes) if each]
    shown = [each for each in classes if each]
    values = [each['accuracy'] for each in shown]
    axes.barh(places, values, height=0.72, color='C0', alpha=0.85)
    for place, each in zip(places, shown, strict=True):
        text = f'{each["accuracy"]:.1f}   ({each["right"]} of {each["images"]})'
        axes.text(101, place, text, va='center', fontsize=8, color=FADED)
    axes.set_yticks(places, [_short(each['name']) for each in shown], fontsize=9)
    axes.set_ylim(len(classes) - 0.4, -0.6)
    axes.set_xlim(0, 100)
    _finish(axes, 'x', overall)
    axes.axvline(overall, color=INK, linewidth=1, linestyle='--')
    axes.tick_params(axis='y', length=0)
    axes.spines['left'].set_visible(False)


def _draw_profile(axes, values, overall):
    """All classes from the best to the worst, without names."""
    edges = np.arange(len(values) + 1)
    axes.stairs(values, edges, fill=True, color='C0', alpha=0.85)
    axes.axhline(overall, color=INK, linewidth=1, linestyle='--')
    axes.set_xlim(0, len(values))
    axes.set_ylim(0, 100)
    _finish(axes, 'y', overall)
    axes.set_xlabel(f'{len(values)} classes, sorted')
    axes.set_title('all classes', fontsize=10, color=FADED)


def _finish(axes, value_axis, overall):
    name = f'top-1 accuracy (%); dashed: all images, {overall:.1f}'
    axes.set(**{f'{value_axis}label': name})
    axes.grid(axis=value_axis, alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[['top', 'right']].set_visible(False)


def _short(name):
    return name if len(name) <= LONGEST else name[: LONGEST - 3] + '...'
