"""Curves of a run: loss, drift of the bank and kNN accuracy over epochs."""

import math
import re
from collections.abc import Mapping

from npid_mm.utils.atomic_io import atomic_path

from .contact_sheet import FADED
from .run_log import read_run

# title, unit, and which keys of the log belong to it
PANELS = (
    ('Training loss', 'loss', r'loss'),
    ('Drift of the memory bank', '1 - cos(old row, new row)', r'bank_drift'),
    ('kNN accuracy', 'top-1 (%)', r'bank_knn|(.*/)?top1_k\d+'),
)
KNN = r'(?:.*/)?top1_k(\d+)'  # of the validation
STYLES = ('-', '--', ':', '-.', (0, (5, 1, 1, 1, 1, 1)))
MARKERS_UP_TO = 25  # points; above, they would hide the line


def training_curve(runs, out, k=None):
    """Draw the loss, the drift of the bank and the kNN accuracy of one or several runs.

    A quantity that no run has logged gets no panel. Several runs are laid over one another: a run
    keeps its colour in all panels, and a kind of kNN accuracy its style. Crosses at the foot of a
    panel are values that are NaN or infinite.

    Args:
        runs (str | PathLike | Mapping[str, str]): Work dir or log of a run, see :func:`read_run`,
            or those of several by their names.
        out (str | PathLike): Image file to write.
        k (int, optional): Of the validation's kNN, draw this K only. Defaults to all.

    Returns:
        str | PathLike: ``out``.

    Raises:
        FileNotFoundError: There is no such log.
        ValueError: If one of the logs holds none of the quantities, ``k`` is not among them, or a
            line is no JSON object.
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
    figure = Figure(figsize=(4.4 * len(panels), 3.6), dpi=120, layout='constrained')
    # one time axis: where a quantity ends before the others, that shows
    places = figure.subplots(1, len(panels), squeeze=False, sharex=True)[0]
    for axes, panel in zip(places, panels, strict=True):
        _draw_panel(axes, series, *panel)
    axes.set_xlim(left=0)
    if len(series) > 1:
        lines = [Line2D([], [], color=f'C{number}', linewidth=2) for number in range(len(series))]
        columns = min(len(series), 2 * len(panels))
        figure.legend(lines, list(series), loc='outside lower center', ncols=columns, frameon=False)
    with atomic_path(out, keep_suffix=True) as path:
        figure.savefig(path)
    return out


def _keep_only(series, k):
    """Leave no validation's kNN but that of K = ``k``."""
    found = {
        key: int(re.fullmatch(KNN, key)[1]) for each in series.values() for key in _keys(each, KNN)
    }
    if k not in found.values():
        raise ValueError(f'k must be one of the logged {sorted(set(found.values()))}, got {k}')
    for each in series.values():
        for key in _keys(each, KNN):
            if found[key] != k:
                del each[key]


def _keys(series, pattern):
    return [key for key in series if re.fullmatch(pattern, key)]


def _label(key):
    if key == 'bank_knn':
        return 'bank, leave one out'
    found = re.fullmatch(KNN, key)
    return f'validation, K = {found[1]}' if found else ''


def _draw_panel(axes, runs, title, unit, pattern):
    from matplotlib.lines import Line2D
    from matplotlib.ticker import MaxNLocator

    several = len(runs) > 1
    # over all runs, as they need not have logged the same
    kinds = list(dict.fromkeys(key for series in runs.values() for key in _keys(series, pattern)))
    finite = lost = 0
    for number, series in enumerate(runs.values()):
        for place, key in enumerate(kinds):
            epochs, values = series.get(key, ([], []))
            # Runs differ in colour and keys in style; of a single run, keys differ in both.
            color = f'C{number if several else place}'
            axes.plot(
                epochs,
                values,
                linestyle=STYLES[place % len(STYLES)],
                color=color,
                marker='o' if len(values) <= MARKERS_UP_TO else None,
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
    axes.set_xlabel('epoch; crosses: NaN or infinity' if lost else 'epoch')
    axes.set_ylabel(unit)
    if not finite:
        axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    axes.grid(alpha=0.3)
    axes.spines[['top', 'right']].set_visible(False)
    if any(map(_label, kinds)):
        lines = [
            Line2D(
                [],
                [],
                linestyle=STYLES[place % len(STYLES)],
                color=FADED if several else f'C{place}',
            )
            for place in range(len(kinds))
        ]
        axes.legend(lines, list(map(_label, kinds)), fontsize=8, frameon=False)
