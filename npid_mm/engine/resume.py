"""Which checkpoint of a folder a run goes on from."""

import logging
import zipfile
from pathlib import Path

from mmengine.logging import print_log

from npid_mm.checkpoints import load_tensors

PATTERNS = ('epoch_*.pth', 'iter_*.pth')


class UnreadableCheckpointError(RuntimeError):
    """A checkpoint that a run cannot go on from."""


def newest_checkpoint(folder: str | Path) -> Path | None:
    """The checkpoint of ``folder`` that is furthest in its run and can be read.

    Unreadable ones are passed over with a warning that names them and the one taken instead.

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
    for path in sorted(progress, key=progress.get, reverse=True):
        try:
            check_contents(path)
        except UnreadableCheckpointError as error:
            unreadable[path] = error
            continue
        if unreadable:
            iteration, epoch = progress[path]
            print_log(
                f'passing over unreadable checkpoints:\n{_listed(unreadable)}\n'
                f'resuming from {path} instead (epoch {epoch}, iteration {iteration})',
                logger='current',
                level=logging.WARNING,
            )
        return path
    if unreadable:
        raise UnreadableCheckpointError(
            f'no checkpoint of {folder} can be read:\n{_listed(unreadable)}\n'
            'name one from elsewhere (--resume CHECKPOINT), or remove these files to start from '
            'scratch'
        )
    return None


def checkpoint_files(folder: str | Path) -> list[Path]:
    """Files of ``folder`` named as checkpoints, and the one that its last_checkpoint names.

    A name in last_checkpoint whose file is gone counts where the folder has nothing else, so
    that a run which had checkpoints does not silently start anew.
    """
    folder = Path(folder)
    files = sorted(path for pattern in PATTERNS for path in folder.glob(pattern))
    pointer = folder / 'last_checkpoint'
    text = pointer.read_text().strip() if pointer.is_file() else ''
    if text and (Path(text).is_file() or not files):
        last = Path(text)
        if last.resolve() not in {path.resolve() for path in files}:
            files.append(last)
    return files


def checkpoint_progress(path: str | Path) -> tuple[int, int]:
    """(iteration, epoch) that a checkpoint was saved at, without reading its tensors.

    Raises:
        UnreadableCheckpointError: It is cut off, is not a checkpoint, or is not there.
    """
    path = Path(path)
    if not path.is_file():
        raise UnreadableCheckpointError('there is no such file')
    if not zipfile.is_zipfile(path):
        raise UnreadableCheckpointError('it is cut off, or no checkpoint at all')
    try:
        meta = load_tensors(path, values=False)['meta']
        return int(meta['iter']), int(meta['epoch'])
    except Exception as error:  # damaged pickles raise anything
        reason = str(error).partition('\n')[0]
        raise UnreadableCheckpointError(f'{type(error).__name__} {reason}') from error


def check_contents(path: str | Path) -> None:
    """Compare every part of a checkpoint with its checksum: a whole file may hold wrong bytes.

    Raises:
        UnreadableCheckpointError: A part differs.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except (OSError, zipfile.BadZipFile) as error:
        raise UnreadableCheckpointError(str(error)) from error
    if damaged is not None:
        raise UnreadableCheckpointError(f'the checksum of its part {damaged} is wrong')


def _listed(unreadable: dict[Path, Exception]) -> str:
    """One line a checkpoint: its name and what is wrong."""
    return '\n'.join(f'  {path}: {error}' for path, error in unreadable.items())
