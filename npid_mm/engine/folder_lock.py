"""File locks that let one process at a time write to a folder."""

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout
from mmengine.logging import print_log

TRAINING_LOCK = 'training.lock'
UNSUPPORTED = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK)


@contextmanager
def held_lock(path: str | Path, refusal: str) -> Iterator[None]:
    """Hold a file lock inside the block, and remove the file afterwards.

    The operating system releases the lock when the process ends, even by SIGKILL, and forked
    processes do not inherit it. A file that a killed process left is harmless. On a file system
    without locks, a warning is logged and nothing is locked.

    Args:
        path (str | Path): The file. Missing folders are created, and removed afterwards if they
            are still empty.
        refusal (str): Message of the error.

    Raises:
        BlockingIOError: If another process holds the lock.
    """
    path = Path(path)
    created = [each for each in path.parents if not each.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise BlockingIOError(refusal) from None
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
        print_log(
            f'the file system of {path.parent} has no locks: make sure that no other process '
            'writes to this folder',
            logger='current',
            level=logging.WARNING,
        )
        yield
        return
    try:
        yield
    finally:
        # before the release: another process could lock the file that is about to be removed
        path.unlink(missing_ok=True)
        lock.release()
        with suppress(OSError):  # not empty
            for each in created:
                each.rmdir()


@contextmanager
def sole_training(work_dir: str | Path, rank: int = 0) -> Iterator[None]:
    """Exclude other trainings from a work dir inside the block.

    Args:
        work_dir (str | Path): Folder of logs and checkpoints.
        rank (int): Rank of this process. Only rank 0 takes the lock.

    Raises:
        BlockingIOError: If another training runs in ``work_dir``.
    """
    if rank:
        yield
        return
    refusal = (
        f'another training runs in {work_dir}: wait until it is done, end it, or give this one '
        'another --work-dir'
    )
    with held_lock(Path(work_dir) / TRAINING_LOCK, refusal):
        yield
