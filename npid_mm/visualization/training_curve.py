"""Curves of a run: loss, drift of the bank and kNN accuracy over epochs."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .whole_file import whole_file

# title, unit, and which keys of the log belong to it
PANELS = (
    ('Training loss', 'loss', r'loss'),
    ('Drift of the memory bank', '1 - cos(old row, new row)', r'bank_drift'),
    ('kNN accuracy', 'top-1 (%)', r'bank_knn|(.*/)?top1_k\d+'),
)
STYLES = ('-', '--', ':', '-.')
MARKERS_UP_TO = 25  # points; above, they would hide the line


def training_curve(scalars_json, out):
    """Draw the loss, the drift of the bank and the kNN accuracy of one or several runs.

    A quantity that no run has logged gets no panel.

    Args:
        scalars_json (str | PathLike | Mapping[str, str]): MMEngine's ``vis_data/scalars.json`` of
            a run, or of several by their names, which are then laid over one another.
        out (str | PathLike): Image file to write.

    Returns:
        str | PathLike: ``out``.

    Raises:
        ValueError: If the files hold none of the quantities, or a line is no JSON object.
    """
    paths = scalars_json if isinstance(scalars_json, Mapping) else {'': scalars_json}
    runs = {name: read_scalars(path) for name, path in paths.items()}
    panels = [panel for panel in PANELS if any(_keys(series, panel[2]) for series in runs.values())]
    if not panels:
        raise ValueError(
            'scalars_json must hold loss, bank_drift, bank_knn or top1_k..., got '
            f'{sorted({key for series in runs.values() for key in series})} '
            f'in {[str(path) for path in paths.values()]}'
        )
    figure = Figure(figsize=(4.4 * len(panels), 3.6), dpi=120, layout='constrained')
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        _draw_panel(axes, runs, *panel)
    with whole_file(out) as path:
        figure.savefig(path)
    return out


def read_scalars(path):
    """Read the series of a ``scalars.json``.

    Training steps are placed at ``iter / iterations of an epoch``; lines without ``iter``, which
    hooks and validation write once an epoch, at their ``step``.

    Args:
        path (str | PathLike): The file.

    Returns:
        dict[str, tuple[list[float], list[float]]]: Epochs and values of each key.

    Raises:
        ValueError: If a line other than the last one is no JSON object.
    """
    lines = Path(path).read_text().splitlines()
    records = [
        record
        for number, line in enumerate(lines, 1)
        if line.strip() and (record := _parse(path, number, line, last=number == len(lines)))
    ]
    steps = [record for record in records if record.get('epoch') and 'iter' in record]
    # The last step of an epoch e has iter = e * (iterations of an epoch); no step has more.
    length = max((record['iter'] / record['epoch'] for record in steps), default=1)
    series = {}
    for record in records:
        epoch = record['iter'] / length if 'iter' in record else record.get('step', 0)
        for key, value in record.items():
            if key not in ('epoch', 'iter', 'step') and isinstance(value, (int, float)):
                epochs, values = series.setdefault(key, ([], []))
                epochs.append(epoch)
                values.append(value)
    return series


def _parse(path, number, line, last):
    try:
        record = json.loads(line)
    except json.JSONDecodeError:
        record = None
    if isinstance(record, dict):
        return record
    if last:  # a running training may be in the middle of it
        return None
    raise ValueError(f'{path} must hold one JSON object a line, got {line[:40]!r} in line {number}')


def _keys(series, pattern):
    return [key for key in series if re.fullmatch(pattern, key)]


def _label(key):
    if key == 'bank_knn':
        return 'bank, leave one out'
    found = re.fullmatch(r'(?:.*/)?top1_k(\d+)', key)
    return f'validation, K = {found[1]}' if found else ''


def _draw_panel(axes, runs, title, unit, pattern):
    for number, (name, series) in enumerate(runs.items()):
        for place, key in enumerate(_keys(series, pattern)):
            epochs, values = series[key]
            # Runs differ in colour and keys in style; of a single run, keys differ in both.
            axes.plot(
                epochs,
                values,
                STYLES[place % len(STYLES)],
                color=f'C{number if len(runs) > 1 else place}',
                marker='o' if len(values) <= MARKERS_UP_TO else None,
                markersize=3.5,
                linewidth=1.6,
                label=', '.join(filter(None, (name, _label(key)))),
            )
    axes.set_title(title, fontsize=11)
    axes.set_xlabel('epoch')
    axes.set_ylabel(unit)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    axes.set_xlim(left=0)
    axes.grid(alpha=0.3)
    axes.spines[['top', 'right']].set_visible(False)
    if any(axes.get_legend_handles_labels()[1]):
        axes.legend(fontsize=8, frameon=False)
