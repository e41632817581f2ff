"""Which checkpoint of a folder a run goes on from."""

import logging
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from mmengine.logging import print_log

from npid_mm.checkpoints import load_tensors

PATTERNS = ('epoch_*.pth', 'iter_*.pth')
POINTER = 'last_checkpoint'  # the file that names the newest checkpoint of a work dir
RUN_ID = 'run_id'  # in the message hub of a run, and so in its checkpoints


class UnreadableCheckpointError(ValueError):
    """A checkpoint that a run cannot go on from."""


class Progress(NamedTuple):
    """Place of a checkpoint in its run."""

    iteration: int
    epoch: int
    run: str | None
    """Id of the run; None before there were ids."""


def newest_checkpoint(folder: str | Path) -> Path | None:
    """Furthest readable checkpoint of the last run in ``folder``.

    The last run is that of the checkpoint that last_checkpoint names, or of the newest readable
    file. Unreadable checkpoints, and those of other runs, are passed over with a warning that
    names them.

    Args:
        folder (str | Path): A work dir.

    Returns:
        Path, optional: The checkpoint; None if the folder has no checkpoint at all.

    Raises:
        UnreadableCheckpointError: There are checkpoints, but none can be read.
    """
    progress, unreadable = {}, {}
    for path in checkpoint_files(folder):
        try:
            progress[path] = checkpoint_progress(path)
        except UnreadableCheckpointError as error:
            unreadable[path] = error
    run = _last_run(folder, progress)
    own = [path for path, place in progress.items() if place.run == run]
    others = [path for path in progress if path not in own]
    for path in sorted(own, key=progress.get, reverse=True):
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
    """Id of the run that wrote to ``folder`` last, by its readable checkpoints."""
    named = _pointer(folder)
    for path, place in progress.items():
        # by the name alone, as the folder may have been moved
        if named is not None and path.name == named.name:
            return place.run
    newest = max(progress, key=lambda path: path.stat().st_mtime, default=None)
    return progress[newest].run if newest else None


def checkpoint_files(folder: str | Path) -> list[Path]:
    """Files of ``folder`` named as checkpoints, and the one that its last_checkpoint names.

    A name in last_checkpoint whose file is gone counts where the folder has nothing else, so
    that a run which had checkpoints does not silently start anew.
    """
    folder = Path(folder)
    files = sorted(path for pattern in PATTERNS for path in folder.glob(pattern))
    last = _pointer(folder)
    if last is not None and (last.is_file() or not files):
        if last.resolve() not in {path.resolve() for path in files}:
            files.append(last)
    return files


def _pointer(folder: str | Path) -> Path | None:
    """Path that last_checkpoint of ``folder`` holds."""
    pointer = Path(folder) / POINTER
    text = pointer.read_text().strip() if pointer.is_file() else ''
    return Path(text) if text else None


def checkpoint_progress(path: str | Path) -> Progress:
    """Place that a checkpoint was saved at, without reading its tensors.

    Raises:
        UnreadableCheckpointError: It is cut off, is not a checkpoint, or is not there.
    """
    path = Path(path)
    if not path.is_file():
        raise UnreadableCheckpointError('there is no such file')
    if not zipfile.is_zipfile(path):
        raise UnreadableCheckpointError('it is cut off, or no checkpoint at all')
    try:
        content = load_tensors(path, values=False)
        meta = content['meta']
        return Progress(int(meta['iter']), int(meta['epoch']), run_id(content))
    except Exception as error:  # damaged pickles raise anything
        reason = str(error).partition('\n')[0]
        raise UnreadableCheckpointError(f'{type(error).__name__} {reason}') from error


def run_id(checkpoint: Mapping) -> str | None:
    """Id of the run that wrote a checkpoint, given its content; None without one."""
    hub = checkpoint.get('message_hub')
    info = hub.get('runtime_info') if isinstance(hub, Mapping) else None
    found = info.get(RUN_ID) if isinstance(info, Mapping) else None
    return found if isinstance(found, str) else None


def check_contents(path: str | Path) -> None:
    """Compare every part of a checkpoint with its checksum: a whole file may hold wrong bytes.

    Raises:
        UnreadableCheckpointError: A part differs.
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


def _names(paths: list[Path]) -> str:
    return ', '.join(path.name for path in paths)


def _listed(unreadable: dict[Path, Exception]) -> str:
    """One line per checkpoint: its name and what is wrong."""
    return '\n'.join(f'  {path}: {error}' for path, error in unreadable.items())
