"""Find the checkpoint of a work dir that a run resumes from."""

import logging
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from mmengine.logging import print_log

from npid_mm.checkpoints import load_tensors

PATTERNS = ('epoch_*.pth', 'iter_*.pth')
POINTER = 'last_checkpoint'  # the file of a work dir that names its newest checkpoint
RUN_ID = 'run_id'  # key in the message hub of a run, and so in its checkpoints


class UnreadableCheckpointError(ValueError):
    """A checkpoint that a run cannot resume from."""


class Progress(NamedTuple):
    """Iteration and epoch of a checkpoint, and the id of its run."""

    iteration: int
    epoch: int
    run: str | None
    """None in checkpoints of versions without ids."""


def newest_checkpoint(folder: str | Path) -> Path | None:
    """Return the furthest readable checkpoint of the last run in ``folder``.

    The last run is the one that wrote the checkpoint named in last_checkpoint, or else the newest
    readable file. A warning lists unreadable checkpoints and those of other runs, which are
    ignored.

    Args:
        folder (str | Path): A work dir.

    Returns:
        Path, optional: The checkpoint; None if the folder has no checkpoint.

    Raises:
        UnreadableCheckpointError: If there are checkpoints, but none can be read.
    """
    progress, unreadable = {}, {}
    for path in checkpoint_files(folder):
        try:
            progress[path] = checkpoint_progress(path)
        except UnreadableCheckpointError as error:
            unreadable[path] = error
    run = _last_run(folder, progress)
    candidates = [path for path, place in progress.items() if place.run == run]
    others = [path for path in progress if path not in candidates]
    for path in sorted(candidates, key=lambda path: progress[path][:2], reverse=True):
        try:
            check_contents(path)
        except UnreadableCheckpointError as error:
            unreadable[path] = error
            continue
        if unreadable:
            place = progress[path]
            _warn(
                f'passing over unreadable checkpoints:\n{_listed(unreadable)}\n'
                f'resuming from {path} instead (epoch {place.epoch}, iteration {place.iteration})'
            )
        if others:
            _warn(
                f'passing over checkpoints of another run in {folder}: {_names(others)}; resuming '
                f'from {path}, of the run that wrote last'
            )
        return path
    if unreadable:
        rest = f'\nof another run: {_names(others)}' if others else ''
        raise UnreadableCheckpointError(
            f'no checkpoint of {folder} can be read:\n{_listed(unreadable)}{rest}\n'
            'name one from elsewhere (--resume CHECKPOINT), or remove these files to start from '
            'scratch'
        )
    return None


def _last_run(folder: str | Path, progress: Mapping[Path, Progress]) -> str | None:
    """Return the id of the run that wrote to ``folder`` last, by its readable checkpoints."""
    named = last_checkpoint(folder)
    for path, place in progress.items():
        # compare names only, as the folder may have been moved
        if named is not None and path.name == named.name:
            return place.run
    newest = max(progress, key=lambda path: path.stat().st_mtime, default=None)
    return progress[newest].run if newest else None


def checkpoint_files(folder: str | Path) -> list[Path]:
    """List the checkpoints of ``folder``, and the one that its last_checkpoint names.

    If the folder has none, a file that last_checkpoint names is listed although it is missing, so
    that a run which had checkpoints does not silently start from scratch.
    """
    folder = Path(folder)
    files = sorted(path for pattern in PATTERNS for path in folder.glob(pattern))
    last = last_checkpoint(folder)
    if last is not None and (last.is_file() or not files):
        if last.resolve() not in {path.resolve() for path in files}:
            files.append(last)
    return files


def last_checkpoint(folder: str | Path) -> Path | None:
    """Return the path in the last_checkpoint of a work dir, None if the file is missing."""
    pointer = Path(folder) / POINTER
    text = pointer.read_text().strip() if pointer.is_file() else ''
    return Path(text) if text else None


def checkpoint_progress(path: str | Path) -> Progress:
    """Read the progress of a checkpoint without its tensors.

    Raises:
        UnreadableCheckpointError: If it is cut off, is not a checkpoint, or does not exist.
    """
    path = Path(path)
    if not path.is_file():
        raise UnreadableCheckpointError('the file does not exist')
    if not zipfile.is_zipfile(path):
        raise UnreadableCheckpointError('it is cut off, or not a checkpoint')
    try:
        content = load_tensors(path, values=False)
        meta = content['meta']
        return Progress(int(meta['iter']), int(meta['epoch']), run_id(content))
    except Exception as error:  # damaged pickles raise anything
        reason = str(error).partition('\n')[0]
        raise UnreadableCheckpointError(f'{type(error).__name__} {reason}') from error


def run_id(checkpoint: Mapping) -> str | None:
    """Return the id of the run that wrote the content of a checkpoint, None without one."""
    hub = checkpoint.get('message_hub')
    info = hub.get('runtime_info') if isinstance(hub, Mapping) else None
    found = info.get(RUN_ID) if isinstance(info, Mapping) else None
    return found if isinstance(found, str) else None


def check_contents(path: str | Path) -> None:
    """Check the CRC of every part of a checkpoint: a complete file may hold wrong bytes.

    Raises:
        UnreadableCheckpointError: If a part is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            stored = all(entry.compress_type == zipfile.ZIP_STORED for entry in entries)
            if not stored or sum(entry.file_size for entry in entries) > Path(path).stat().st_size:
                raise UnreadableCheckpointError('its parts are larger than the file')
            damaged = archive.testzip()
    except (OSError, EOFError, RuntimeError, zipfile.BadZipFile) as error:  # encrypted
        raise UnreadableCheckpointError(str(error)) from error
    if damaged is not None:
        raise UnreadableCheckpointError(f'the checksum of its part {damaged} is wrong')


def _warn(message: str) -> None:
    print_log(message, logger='current', level=logging.WARNING)


def _names(paths: Iterable[Path]) -> str:
    return ', '.join(path.name for path in paths)


def _listed(unreadable: Mapping[Path, Exception]) -> str:
    return '\n'.join(f'  {path}: {error}' for path, error in unreadable.items())
