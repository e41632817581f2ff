"""Read the scalars that a run has logged as series over epochs."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Record = Mapping[str, Any]  # a line of scalars.json
Series = dict[str, tuple[list[float], list[float]]]  # key -> epochs, values

SCALARS = 'vis_data/scalars.json'


def read_run(path: str | Path) -> Series:
    """Read the series of a run.

    Training steps are placed at ``iter / iterations per epoch``. Lines without ``iter``, which
    hooks and validation write once per epoch, are placed at their ``step``.

    A run that was resumed has one folder of logs for each start. Where a later start repeats
    epochs of an earlier one, the later values count. Starts that did not train, such as tests,
    are ignored.

    Args:
        path (str | Path): The work dir, or one ``scalars.json``.

    Returns:
        dict[str, tuple[list[float], list[float]]]: Epochs and values of each key.

    Raises:
        FileNotFoundError: If the file does not exist, or the folder has no log of a training.
        ValueError: If a line other than the last one is not a JSON object.

    Example:
        >>> epochs, values = read_run('work_dirs/quickstart')['loss']  # doctest: +SKIP
    """
    path = Path(path)
    if path.is_file():
        return _series(_records(path))
    starts = [_records(file) for file in sorted(path.glob(f'*/{SCALARS}'))]
    starts = [records for records in starts if _training_steps(records)]
    if not starts:
        raise FileNotFoundError(
            f'no log of a training in {path}: give a work dir, which has TIME/{SCALARS}, or one of '
            'these files'
        )
    length = _epoch_length(record for records in starts for record in records)
    merged: list[Record] = []
    for records in starts:
        first = min(_epoch(record, length) for record in _training_steps(records))
        merged = [record for record in merged if _epoch(record, length) < first] + records
    return _series(merged)


def run_names(runs: Sequence[str | Path], names: Sequence[str] | None = None) -> list[str]:
    """Names that tell runs apart: ``names``, or the shortest ends of the paths that differ.

    Args:
        runs (Sequence[str | Path]): Work dirs or files.
        names (Sequence[str], optional): One for each run, all distinct.

    Returns:
        list[str]: A name for each run.

    Raises:
        ValueError: If the names are not distinct, or not as many as the runs.

    Example:
        >>> run_names(['runs/seed_0/out', 'runs/seed_1/out'])
        ['seed_0/out', 'seed_1/out']
    """
    chosen = list(names or [])
    if names is None:
        parts = [Path(run).absolute().parts for run in runs]
        for count in range(1, max(map(len, parts)) + 1):
            chosen = ['/'.join(each[-count:]) for each in parts]
            if len(set(chosen)) == len(runs):
                break
    if not len(runs) == len(chosen) == len(set(chosen)):
        raise ValueError(
            f'names must be {len(runs)} different ones, one for each run, got {chosen}'
        )
    return chosen


def _records(path: Path) -> list[Record]:
    try:
        lines = path.read_text(encoding='utf-8').splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f'{path} is not a scalars.json: it is not text') from error
    records: list[Record] = []
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line.strip() or '{}')
        except json.JSONDecodeError:
            record = None
        if isinstance(record, dict):
            records.append(record)
        elif number < len(lines):  # a running training may be writing the last line
            raise ValueError(
                f'{path} must hold one JSON object per line, got {line[:40]!r} in line {number}: '
                f'give a work dir or its TIME/{SCALARS}'
            )
    return records


def _training_steps(records: Iterable[Record]) -> list[Record]:
    return [record for record in records if record.get('epoch') and 'iter' in record]


def _epoch_length(records: Iterable[Record]) -> float:
    """Iterations per epoch: the largest ``iter / epoch``, reached in the last step of an epoch."""
    return max((each['iter'] / each['epoch'] for each in _training_steps(records)), default=1)


def _epoch(record: Record, length: float) -> float:
    return record['iter'] / length if 'iter' in record else record.get('step', 0)


def _series(records: Sequence[Record]) -> Series:
    length = _epoch_length(records)
    series: Series = {}
    for record in records:
        for key, value in record.items():
            if key not in ('epoch', 'iter', 'step') and isinstance(value, (int, float)):
                epochs, values = series.setdefault(key, ([], []))
                epochs.append(_epoch(record, length))
                values.append(value)
    return series
