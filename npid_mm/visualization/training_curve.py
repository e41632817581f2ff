"""Curves of runs: loss, kNN accuracy and measures of the memory bank over epochs."""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from npid_mm.utils.atomic_io import atomic_path

from .scalars import read_run
from .style import FADED

KNN = r'(?:.*/)?top1_k\d+'  # logged by the validation
# title, unit, pattern of the logged keys
PANELS = (
    ('Training loss', 'loss', r'loss'),
    ('Drift of the memory bank', '1 - cos(old row, new row)', r'bank_drift'),
    ('kNN accuracy', 'top-1 (%)', rf'bank_knn|{KNN}'),
    ('Effective dimensions of the bank', 'RankMe', r'bank_rankme'),
    ('Spread of the bank', 'log mean exp(-2 distance²)', r'bank_uniformity'),
    ('Distance of two views', 'mean squared distance', r'view_alignment'),
    ('Shares without labels', 'share', r'bank_overlap|view_own_row'),
    ('Hubness of the bank', 'skewness', r'bank_hubness'),
)
SHARES = dict(bank_overlap='neighbors kept since the last epoch', view_own_row='views at their row')
STYLES: tuple[Any, ...] = ('-', '--', ':', '-.', (0, (5, 1, 1, 1, 1, 1)))
MAX_COLUMNS = 4  # of panels
MAX_MARKERS = 25  # more of them would hide the line


def training_curve(
    runs: str | Path | Mapping[str, str | Path],
    out: str | Path,
    k: int | None = None,
) -> str | Path:
    """Draw the loss, the kNN accuracy and the measures of the bank of one or several runs.

    A quantity that no run has logged gets no panel. Each run has one color in all panels, and each
    kind of kNN accuracy one line style. Crosses at the foot of a panel mark NaN or infinity.

    Args:
        runs (str | Path | Mapping[str, str | Path]): Path of a run, see :func:`read_run`,
            or a dict of run names and paths.
        out (str | Path): Image file to write.
        k (int, optional): K of the validation's kNN to draw. Defaults to all.

    Returns:
        str | Path: ``out``.

    Raises:
        FileNotFoundError: If a run has no log.
        ValueError: If a log holds none of the quantities or cannot be parsed, or ``k`` is not
            among the logged ones.

    Example:
        >>> training_curve({'seed 0': 'runs/0', 'seed 1': 'runs/1'}, 'curves.png')
    """
    from matplotlib.figure import Figure  # slow to import
    from matplotlib.lines import Line2D

    paths = runs if isinstance(runs, Mapping) else {'': runs}
    series = {name: read_run(path) for name, path in paths.items()}
    for name, path in paths.items():
        if not any(_keys(series[name], pattern) for *_, pattern in PANELS):
            raise ValueError(
                'runs must have logged loss, bank_drift, bank_knn or top1_k..., got '
                f'{sorted(series[name])} in {path}'
            )
    if k is not None:
        _keep_only(series, k)
    panels = [panel for panel in PANELS if any(_keys(each, panel[2]) for each in series.values())]
    height = math.ceil(len(panels) / MAX_COLUMNS)
    width = math.ceil(len(panels) / height)
    figure = Figure(figsize=(4.4 * width, 3.6 * height), dpi=120, layout='constrained')
    # share the x axis, so that it shows if a quantity ends early
    places = figure.subplots(height, width, squeeze=False, sharex=True).flat
    for axes, panel in zip(places, panels, strict=False):
        _draw_panel(axes, series, *panel)
    places[0].set_xlim(left=0)
    for axes in places[len(panels) :]:
        axes.set_visible(False)
    if len(series) > 1:
        lines = [Line2D([], [], color=f'C{number}', linewidth=2) for number in range(len(series))]
        columns = min(len(series), 2 * width)
        figure.legend(lines, list(series), loc='outside lower center', ncols=columns, frameon=False)
    with atomic_path(out, keep_suffix=True) as path:
        figure.savefig(path)
    return out


def _keep_only(series: dict[str, Any], k: int) -> Any:
    """Remove the validation's kNN of other K."""
    logged = sorted({_k(key) for each in series.values() for key in _keys(each, KNN)})
    if k not in logged:
        raise ValueError(f'k must be one of the logged {logged}, got {k}')
    for each in series.values():
        for key in _keys(each, KNN):
            if _k(key) != k:
                del each[key]


def _keys(series: dict[str, Any], pattern: str) -> list[str]:
    return [key for key in series if re.fullmatch(pattern, key)]


def _k(key: str) -> int:
    """K of a key of the validation's kNN."""
    return int(key.rpartition('_k')[2])


def _label(key: str) -> str:
    if key == 'bank_knn':
        return 'bank, leave one out'
    if key in SHARES:
        return SHARES[key]
    return f'validation, K = {_k(key)}' if re.fullmatch(KNN, key) else ''


def _draw_panel(axes: Any, runs: Any, title: str, unit: str, pattern: str) -> None:
    """Draw the keys of one quantity for all runs."""
    from matplotlib.lines import Line2D
    from matplotlib.ticker import MaxNLocator

    several = len(runs) > 1
    keys = list(dict.fromkeys(key for series in runs.values() for key in _keys(series, pattern)))
    finite = lost = 0
    for number, series in enumerate(runs.values()):
        for place, key in enumerate(keys):
            epochs, values = series.get(key, ([], []))
            # runs differ in color and keys in style; the keys of a single run differ in both
            color = f'C{number if several else place}'
            axes.plot(
                epochs,
                values,
                linestyle=STYLES[place % len(STYLES)],
                color=color,
                marker='o' if len(values) <= MAX_MARKERS else None,
                markersize=3.5,
                linewidth=1.6,
            )
            broken = [
                e for e, value in zip(epochs, values, strict=True) if not math.isfinite(value)
            ]
            foot = axes.get_xaxis_transform()
            axes.plot(broken, [0.03] * len(broken), 'x', color=color, markersize=4, transform=foot)
            finite, lost = finite + len(values) - len(broken), lost + len(broken)
    axes.set_title(title, fontsize=11)
    axes.tick_params(labelbottom=True)  # also above another panel
    axes.set_xlabel('epoch; crosses: NaN or infinity' if lost else 'epoch')
    axes.set_ylabel(unit)
    if not finite:
        axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    axes.grid(alpha=0.3)
    axes.spines[['top', 'right']].set_visible(False)
    labels = [_label(key) for key in keys]
    if any(labels):
        colors = [FADED if several else f'C{place}' for place in range(len(keys))]
        lines = [
            Line2D([], [], linestyle=STYLES[place % len(STYLES)], color=color)
            for place, color in enumerate(colors)
        ]
        axes.legend(lines, labels, fontsize=8, frameon=False)
