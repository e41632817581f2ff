"""A map of feature rows in the plane, coloured by class."""

import numpy as np

from npid_mm.extras import optional_module
from npid_mm.utils.atomic_io import atomic_path

from .contact_sheet import FADED, INK, PAPER

METHODS = {'tsne': 't-SNE', 'umap': 'UMAP'}
LISTED = 20  # classes that a legend can hold and colours can tell apart
LONGEST = 24  # characters of a name
APART = (0.22, 0.05)  # share of width and height that keeps two names in the map apart
PERPLEXITY = 30


def plane(rows, method='tsne', seed=0):
    """Lay unit rows out in the plane, so that what is similar lies close together.

    Distances between groups and their sizes mean little in such maps; who is whose neighbour does.

    Args:
        rows (Tensor | ndarray): (n, D), unit rows, n at least 5.
        method (str): 'tsne' is scikit-learn's t-SNE of perplexity 30 (less for few rows), started
            from the principal components (van der Maaten & Hinton, 2008). 'umap' is UMAP with
            cosine distance (McInnes et al., 2018), of the package umap-learn.
        seed (int): Equal seeds give equal maps on one machine.

    Returns:
        ndarray: (n, 2), float32.

    Raises:
        ValueError: ``method`` is another one, or there are too few rows.
        MissingExtraError: umap-learn is not installed.
    """
    if method not in METHODS:
        raise ValueError(f'method must be one of {sorted(METHODS)}, got {method!r}')
    rows = np.asarray(rows, dtype=np.float32)
    if rows.ndim != 2 or len(rows) < 5:
        raise ValueError(f'rows must be (n, D) with n at least 5, got {rows.shape}')
    if method == 'umap':
        # several threads would not keep to the seed
        umap = optional_module('umap', "method='umap'").UMAP
        return umap(metric='cosine', random_state=seed, n_jobs=1).fit_transform(rows)
    # of unit rows, Euclidean distance and cosine have the same order
    perplexity = min(PERPLEXITY, (len(rows) - 1) / 3)
    from sklearn.manifold import TSNE  # slow to import

    return TSNE(perplexity=perplexity, random_state=seed).fit_transform(rows)


def class_map(points, labels=None, class_names=None, title='', out='map.png'):
    """Draw points in the colours of their classes.

    Up to :data:`LISTED` classes have a colour of their own and a place in the legend. More of them
    share a colour scale over the class numbers, and as many of the most compact groups as there is
    room for have their names in the map.

    Args:
        points (ndarray): (n, 2).
        labels (Tensor | ndarray, optional): (n,), integers from 0 on.
        class_names (Sequence[str], optional): Names in place of class numbers.
        title (str): Line above the map.
        out (str | PathLike): Image file to write.

    Returns:
        str | PathLike: ``out``.

    Raises:
        ValueError: The shapes do not fit.
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
    dots = dict(s=size, linewidths=0, alpha=0.8)
    if labels is None:
        axes.scatter(*points.T, color=FADED, **dots)
    else:
        numbers = np.unique(labels).tolist()
        names = {number: _name(number, class_names) for number in numbers}
        if len(numbers) <= LISTED:
            _draw_listed(axes, points, labels, names, dots)
        else:
            _draw_scale(figure, axes, points, labels, dots)
            _draw_names(axes, points, labels, names)
    axes.set_title(title, fontsize=11, color=INK)
    axes.set(xticks=[], yticks=[])
    axes.set_aspect('equal', 'datalim')
    axes.spines[:].set_color('#d5d5d5')
    with atomic_path(out, keep_suffix=True) as path:
        figure.savefig(path)
    return out


def _draw_listed(axes, points, labels, names, dots):
    from matplotlib import colormaps

    colors = colormaps['tab10' if len(names) <= 10 else 'tab20'].colors
    for (number, name), color in zip(names.items(), colors, strict=False):
        axes.scatter(*points[labels == number].T, color=color, label=name, **dots)
    legend = axes.legend(
        loc='upper left', bbox_to_anchor=(1.01, 1), frameon=False, title='class', borderaxespad=0
    )
    for handle in legend.legend_handles:
        handle.set(sizes=[40], alpha=1)


def _draw_scale(figure, axes, points, labels, dots):
    # in a random order, so that no class lies on top of the others
    order = np.random.default_rng(0).permutation(len(points))
    drawn = axes.scatter(*points[order].T, c=labels[order], cmap='turbo', **dots)
    bar = figure.colorbar(drawn, ax=axes, shrink=0.9, pad=0.02, label='class number')
    bar.solids.set_alpha(1)
    bar.outline.set_visible(False)


def _draw_names(axes, points, labels, names):
    """Names at the medians of classes, the most compact first, where they do not overlap."""
    from matplotlib.patheffects import withStroke

    groups = {number: points[labels == number] for number in names}
    middle = {number: np.median(group, axis=0) for number, group in groups.items()}
    # of one or two points nobody sees that they belong together
    spread = {
        number: np.linalg.norm(group - middle[number], axis=1).mean() if len(group) > 2 else np.inf
        for number, group in groups.items()
    }
    room = np.ptp(points, axis=0) * APART
    taken = []
    for number in sorted(names, key=spread.get):
        near = (np.abs(middle[number] - other) < room for other in taken)
        if any(each.all() for each in near):
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


def _name(number, class_names):
    name = str(number) if class_names is None else str(class_names[number])
    return name if len(name) <= LONGEST else name[: LONGEST - 3] + '...'
