"""2D maps of feature rows, colored by class."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from npid_mm.extras import optional_module
from npid_mm.utils.atomic_io import atomic_path

from .style import FADED, INK, PAPER, class_name, shorten

METHODS = {'tsne': 't-SNE', 'umap': 'UMAP'}
PERPLEXITY = 30
MAX_LEGEND = 20  # classes that fit the legend and have distinct colors
MAX_NAME = 24  # characters
NAME_BOX = (0.22, 0.05)  # share of width and height that a name in the map takes


def project_2d(rows: ArrayLike, method: str = 'tsne', seed: int = 0) -> np.ndarray:
    """Project unit rows to two dimensions, so that similar rows lie close together.

    Which rows are neighbors is meaningful in such maps; distances between groups and their sizes
    mean little.

    Args:
        rows (Tensor | ndarray): (n, D), unit rows, n at least 5.
        method (str): 'tsne' is scikit-learn's t-SNE with perplexity 30 (less for few rows),
            initialized with the principal components (van der Maaten & Hinton, 2008). 'umap' is
            UMAP with cosine distance (McInnes et al., 2018), from the package umap-learn.
        seed (int): Equal seeds give equal maps on one machine.

    Returns:
        ndarray: (n, 2), float32.

    Raises:
        ValueError: If ``method`` is unknown, or there are too few rows.
        MissingExtraError: If umap-learn is not installed.

    Example:
        >>> project_2d(np.eye(8)).shape
        (8, 2)
    """
    if method not in METHODS:
        raise ValueError(f'method must be one of {sorted(METHODS)}, got {method!r}')
    rows = np.asarray(rows, dtype=np.float32)
    if rows.ndim != 2 or len(rows) < 5:
        raise ValueError(f'rows must be (n, D) with n at least 5, got {rows.shape}')
    if method == 'umap':
        umap = optional_module('umap', "method='umap'").UMAP
        # n_jobs=1: with several threads the seed has no effect
        return umap(metric='cosine', random_state=seed, n_jobs=1).fit_transform(rows)
    from sklearn.manifold import TSNE  # slow to import

    # t-SNE uses Euclidean distance, which orders unit rows as the cosine does
    perplexity = min(PERPLEXITY, (len(rows) - 1) / 3)
    return TSNE(perplexity=perplexity, random_state=seed).fit_transform(rows)


def class_map(
    points: ArrayLike,
    labels: ArrayLike | None = None,
    class_names: Sequence[str] | None = None,
    title: str = '',
    out: str | Path = 'map.png',
) -> str | Path:
    """Draw points in the colors of their classes.

    Up to :data:`MAX_LEGEND` classes have distinct colors and a legend. More classes share a color
    scale over the class numbers; the most compact ones have their names in the map, as many as fit.

    Args:
        points (ndarray): (n, 2).
        labels (Tensor | ndarray, optional): (n,), classes, at least 0.
        class_names (Sequence[str], optional): Names to show instead of class numbers.
        title (str): Line above the map.
        out (str | Path): Image file to write.

    Returns:
        str | Path: ``out``.

    Raises:
        ValueError: If the shapes are incompatible.

    Example:
        >>> class_map(np.eye(2), [0, 1], ['cat', 'dog'], out='map.png')
        'map.png'
    """
    from matplotlib.figure import Figure  # slow to import

    points = np.asarray(points)
    labels = None if labels is None else np.asarray(labels)
    if (
        points.ndim != 2
        or points.shape[1] != 2
        or (labels is not None and len(labels) != len(points))
    ):
        raise ValueError(
            'points must be (n, 2), with one of labels for each, got '
            f'{points.shape} and {None if labels is None else labels.shape}'
        )
    figure = Figure(figsize=(8.4, 6.6), dpi=120, layout='constrained')
    axes = figure.subplots()
    size = float(np.clip(18000 / len(points), 2, 26))
    dots: dict[str, Any] = dict(s=size, linewidths=0, alpha=0.8)
    if labels is None:
        axes.scatter(*points.T, color=FADED, **dots)
    else:
        numbers = np.unique(labels).tolist()
        names = {number: shorten(class_name(number, class_names), MAX_NAME) for number in numbers}
        if len(numbers) <= MAX_LEGEND:
            _draw_legend(axes, points, labels, names, dots)
        else:
            _draw_scale(axes, points, labels, dots)
            _draw_names(axes, points, labels, names)
    axes.set_title(title, fontsize=11, color=INK)
    axes.set(xticks=[], yticks=[])
    axes.set_aspect('equal', 'datalim')
    axes.spines[:].set_color('#d5d5d5')
    with atomic_path(out, keep_suffix=True) as path:
        figure.savefig(path)
    return out


def _draw_legend(axes: Any, points: np.ndarray, labels: np.ndarray, names: Any, dots: dict) -> None:
    """Draw each class in its own color, with a legend beside the map."""
    from matplotlib import colormaps

    palette: Any = colormaps['tab10' if len(names) <= 10 else 'tab20']
    for (number, name), color in zip(names.items(), palette.colors, strict=False):
        axes.scatter(*points[labels == number].T, color=color, label=name, **dots)
    legend = axes.legend(
        loc='upper left', bbox_to_anchor=(1.01, 1), frameon=False, title='class', borderaxespad=0
    )
    for handle in legend.legend_handles:
        handle.set(sizes=[40], alpha=1)


def _draw_scale(axes: Any, points: np.ndarray, labels: np.ndarray, dots: dict) -> None:
    """Draw all points on one color scale, in random order, so that no class hides the others."""
    order = np.random.default_rng(0).permutation(len(points))
    scatter = axes.scatter(*points[order].T, c=labels[order], cmap='turbo', **dots)
    bar = axes.figure.colorbar(scatter, ax=axes, shrink=0.9, pad=0.02, label='class number')
    bar.solids.set_alpha(1)
    bar.outline.set_visible(False)


def _draw_names(axes: Any, points: np.ndarray, labels: np.ndarray, names: Any) -> None:
    """Write names at the medians of classes, the most compact first, where they do not overlap."""
    from matplotlib.patheffects import withStroke

    groups = {number: points[labels == number] for number in names}
    middle = {number: np.median(group, axis=0) for number, group in groups.items()}
    # groups of one or two points come last
    radius = {
        number: np.linalg.norm(group - middle[number], axis=1).mean() if len(group) > 2 else np.inf
        for number, group in groups.items()
    }
    box = np.ptp(points, axis=0) * NAME_BOX
    taken: list = []
    for number in sorted(names, key=radius.__getitem__):
        if any((np.abs(middle[number] - other) < box).all() for other in taken):
            continue
        taken.append(middle[number])
        axes.annotate(
            names[number],
            middle[number],
            ha='center',
            va='center',
            fontsize=8,
            color=INK,
            path_effects=[withStroke(linewidth=3, foreground=PAPER)],
        )
