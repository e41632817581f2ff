"""What a run has logged, as series over epochs: from scalars.json, or from the text of the log."""

import json
import re
from pathlib import Path

STEP = re.compile(r'Epoch\(train\)\s*\[(\d+)\]\[\s*(\d+)/(\d+)\](.*)')
EPOCH = re.compile(r'(?:memory bank after epoch |Epoch\(val\)\s*\[)(\d+)\D(.*)')
FIGURE = re.compile(r'([\w/]+):? (-?\d+\.\d+(?:e[+-]\d+)?|nan|-?inf)(?=[\s,]|$)')


def read_run(path):
    """Read the series of a run from its work dir.

    A run that was interrupted has a folder of logs for each start. Where a later start went over
    the same epochs again, they count instead of the earlier ones. Starts that did not train, such
    as tests, are left out.

    Args:
        path (str | PathLike): The work dir, or one file: MMEngine's ``vis_data/scalars.json``, or
            the text of a log (``*.log``), which has fewer digits.

    Returns:
        dict[str, tuple[list[float], list[float]]]: Epochs and values of each key.

    Raises:
        FileNotFoundError: There is no such file, or no log of a training in the folder.
        ValueError: A line of a ``scalars.json`` other than the last one is no JSON object.
    """
    path = Path(path)
    if path.is_file():
        return _series(_records(path))
    starts = [_records(file) for file in _log_files(path)]
    starts = [records for records in starts if _training_steps(records)]
    if not starts:
        raise FileNotFoundError(
            f'no log of a training in {path}: name a work dir, which has '
            'TIME/vis_data/scalars.json or TIME/TIME.log, or one of these files'
        )
    length = _iterations(record for records in starts for record in records)
    merged = []
    for records in starts:
        first = min(_epoch(record, length) for record in _training_steps(records))
        merged = [record for record in merged if _epoch(record, length) < first] + records
    return _series(merged)


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
    return _series(_scalar_records(Path(path)))


def run_names(runs, names=None):
    """Names to tell runs apart: those given, or what differs in their paths.

    Args:
        runs (Sequence[str | PathLike]): Work dirs or logs.
        names (Sequence[str], optional): One for each run, all different.

    Returns:
        list[str]: A name for each run.

    Raises:
        ValueError: There are not as many names as runs, or two runs have one.
    """
    if names is None:
        parts = [Path(run).parts for run in runs]
        tail = max(len(each) for each in parts)
        # the fewest last parts of the paths that differ
        names = next(
            (
                named
                for count in range(1, tail + 1)
                if len(set(named := ['/'.join(each[-count:]) for each in parts])) == len(runs)
            ),
            [str(run) for run in runs],
        )
    if len(names) != len(runs) or len(set(names)) != len(runs):
        raise ValueError(
            f'names must be {len(runs)} different ones, one for each run, got {list(names)}'
        )
    return list(names)


def _log_files(folder):
    """The log of each start of a run: its scalars, or its text where it has none."""
    for start in sorted(each for each in folder.glob('*/') if each.is_dir()):
        scalars = start / 'vis_data/scalars.json'
        yield from [scalars] if scalars.is_file() else sorted(start.glob('*.log'))


def _lines(path):
    try:
        return path.read_text(encoding='utf-8').splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f'{path} is not a log of a training: it is not text') from error


def _records(path):
    return _text_records(path) if path.suffix == '.log' else _scalar_records(path)


def _scalar_records(path):
    lines = _lines(path)
    return [
        record
        for number, line in enumerate(lines, 1)
        if line.strip() and (record := _parse(path, number, line, last=number == len(lines)))
    ]


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


def _text_records(path):
    """The lines of a log's text as ``scalars.json`` would have them."""
    records = []
    for line in _lines(path):
        if found := STEP.search(line):
            epoch, step, length = map(int, found.groups()[:3])
            records.append(
                {'epoch': epoch, 'iter': (epoch - 1) * length + step} | _figures(found[4])
            )
        elif found := EPOCH.search(line):
            records.append({'step': int(found[1])} | _figures(found[2]))
    return records


def _figures(text):
    return {name: float(value) for name, value in FIGURE.findall(text)}


def _training_steps(records):
    return [record for record in records if record.get('epoch') and 'iter' in record]


def _iterations(records):
    """Iterations of an epoch."""
    # The last step of an epoch e has iter = e * (iterations of an epoch); no step has more.
    return max((each['iter'] / each['epoch'] for each in _training_steps(records)), default=1)


def _epoch(record, length):
    return record['iter'] / length if 'iter' in record else record.get('step', 0)


def _series(records):
    length = _iterations(records)
    series = {}
    for record in records:
        for key, value in record.items():
            if key not in ('epoch', 'iter', 'step') and isinstance(value, (int, float)):
                epochs, values = series.setdefault(key, ([], []))
                epochs.append(_epoch(record, length))
                values.append(value)
    return series
