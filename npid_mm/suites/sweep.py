"""Sweep over a grid of settings, with a training per combination in its own folder."""

import json
import re
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from npid_mm.utils.atomic_io import write_atomic
from npid_mm.utils.child_process import run_logged
from npid_mm.utils.output_files import JSON, check_output

SUMMARY = 'sweep.json'  # in the folder of the sweep: its settings, and the results so far
RESULT = 'result.json'  # in a cell's folder, once it is finished
LOG = 'output.log'


def parse_axis(text: str) -> tuple[str, list[str]]:
    """Parse ``KEY=V1,V2`` to (key, values).

    Raises:
        ValueError: If the text has another form, or a value occurs twice.
    """
    key, _, values = text.partition('=')
    axis = [value.strip() for value in values.split(',')]
    if not key or not all(axis):
        raise ValueError(f'--grid must look like KEY=V1,V2, got {text!r}')
    if len(set(axis)) < len(axis):
        raise ValueError(f'--grid must name each value once, got {text!r}')
    return key, axis


def grid_cells(axes: Sequence[tuple[str, list[str]]]) -> list[dict[str, str]]:
    """Return every combination of the values of the axes, as key -> value.

    Raises:
        ValueError: If two axes have the same key.
    """
    keys = [key for key, _ in axes]
    if len(set(keys)) < len(keys):
        raise ValueError(f'--grid must name each key once, got {", ".join(keys)}')
    values = product(*(axis for _, axis in axes))
    return [dict(zip(keys, each, strict=True)) for each in values]


class Sweep:
    """Trainings of the cells of a grid below one folder; finished cells are not run again.

    Args:
        folder (Path): Folder of the sweep.
        cells (list[dict[str, str]]): Settings of each cell, see :func:`grid_cells`.
        metric (str): Metric of the last evaluation to compare the cells by; higher is better.
        origin (dict): Config and options that all cells share. A folder holds one sweep.

    Raises:
        ValueError: If the folder holds a sweep of another ``origin``.
        OSError: If the path of the summary is taken by something else.
    """

    def __init__(
        self, folder: Path, cells: list[dict[str, str]], metric: str, origin: dict
    ) -> None:
        self.folder = folder
        self.cells = cells
        self.metric = metric
        self.origin = origin
        summary = check_output(folder / SUMMARY, JSON, name='the summary of the sweep')
        if summary.is_file() and _origin_of(summary) != origin:
            raise ValueError(
                f'{folder} holds a sweep of another config or other options (--cfg-options, '
                '--auto-scale-lr): choose another --work-dir, or remove that folder'
            )
        self.write()

    def cell_folder(self, cell: dict[str, str]) -> Path:
        """Return the folder that a cell is trained in."""
        return self.folder / cell_name(cell)

    def result(self, cell: dict[str, str]) -> dict[str, float] | None:
        """Return the metrics of a finished cell; None if unfinished or without ``self.metric``."""
        path = self.cell_folder(cell) / RESULT
        metrics = json.loads(path.read_text()) if path.is_file() else {}
        return metrics if self.metric in metrics else None

    def run(self, cell: dict[str, str], command: list[str]) -> str | None:
        """Train a cell, with a log beside its checkpoints.

        Args:
            cell (dict[str, str]): One of ``cells``.
            command (list[str]): Command to run; the folder and the settings are appended.

        Returns:
            str, optional: The error, if there was one.
        """
        folder = self.cell_folder(cell)
        folder.mkdir(parents=True, exist_ok=True)
        options = [f'{key}={value}' for key, value in cell.items()]
        command = [*command, *options, '--work-dir', str(folder), '--resume']
        status = run_logged(command, folder / LOG)
        if status:
            return f'exit status {status}, see {folder / LOG}'
        metrics = last_metrics(folder)
        if self.metric not in metrics:
            return f'no metric {self.metric}, only {", ".join(metrics) or "none"}'
        write_atomic(folder / RESULT, json.dumps(metrics))
        self.write()
        return None

    def best(self) -> dict[str, str] | None:
        """Return the finished cell with the highest metric; None before any is finished."""
        results = [(cell, self.result(cell)) for cell in self.cells]
        finished = [(cell, metrics[self.metric]) for cell, metrics in results if metrics]
        return max(finished, key=lambda pair: pair[1])[0] if finished else None

    def write(self) -> None:
        """Write the settings of the sweep and the results so far."""
        summary = dict(
            origin=self.origin,
            metric=self.metric,
            cells=[dict(settings=cell, metrics=self.result(cell)) for cell in self.cells],
            best=self.best(),
        )
        write_atomic(self.folder / SUMMARY, json.dumps(summary, indent=2))


def _origin_of(summary: Path) -> dict | None:
    """Return the origin in a summary, None if the file is not the summary of a sweep."""
    content = json.loads(summary.read_text())
    return content.get('origin') if isinstance(content, dict) else None


def cell_name(cell: dict[str, str]) -> str:
    """Return the name of the folder of a cell."""
    name = ','.join(f'{key}={value}' for key, value in cell.items())
    return re.sub(r'[^\w.,=+-]', '_', name)


def last_metrics(work_dir: Path) -> dict[str, float]:
    """Return the metrics of the last evaluation in the logs of a work dir; empty without one."""
    metrics = {}
    # the folders are named by the time of their start
    for path in sorted(work_dir.glob('*/vis_data/scalars.json')):
        for line in path.read_text().splitlines():
            scalars = json.loads(line)
            if 'loss' not in scalars and 'lr' not in scalars:
                metrics = {name: value for name, value in scalars.items() if '/' in name}
    return metrics
