"""Locks that keep two processes from writing to one folder, and end with their process."""

import errno
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout
from mmengine.config import Config
from mmengine.logging import print_log

TRAINING = 'training.lock'
# where each launcher tells a process its rank, before there is a process group
RANKS = {'pytorch': 'RANK', 'slurm': 'SLURM_PROCID', 'mpi': 'OMPI_COMM_WORLD_RANK'}
UNSUPPORTED = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK)


@contextmanager
def held_lock(path: str | Path, refusal: str) -> Iterator[None]:
    """Hold a lock on a file while inside; at the end remove it, and folders made for nothing.

    The operating system holds the lock for this process alone: it is released when the process
    ends, even by SIGKILL, and processes that it forked do not keep it. A file that a killed process
    left is harmless. A file system without locks is warned of, and nothing is locked.

    Args:
        path (str | Path): The file. Its folders are made, and removed at the end if still empty.
        refusal (str): Message of the error.

    Raises:
        BlockingIOError: Another process holds the lock.
    """
    path = Path(path)
    made = [each for each in path.parents if not each.exists()]
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
        # while it is held: otherwise another process might hold a lock on the removed file
        path.unlink(missing_ok=True)
        lock.release()
        with suppress(OSError):  # not empty
            for each in made:
                each.rmdir()


@contextmanager
def sole_training(work_dir: str | Path, rank: int = 0) -> Iterator[None]:
    """Keep other trainings out of a work dir while inside.

    Args:
        work_dir (str | Path): Folder of logs and checkpoints.
        rank (int): Rank of this process. Only rank 0 takes the lock.

    Raises:
        BlockingIOError: Another training runs in ``work_dir``.
    """
    if rank:
        yield
        return
    refusal = (
        f'another training runs in {work_dir}: wait until it is done, end it, or give this one '
        'another --work-dir'
    )
    with held_lock(Path(work_dir) / TRAINING, refusal):
        yield


def launched_rank(cfg: Config) -> int:
    """Rank that the launcher of a config gave this process, before there is a process group."""
    variable = RANKS.get(cfg.get('launcher', 'none'))
    return int(os.environ.get(variable, 0)) if variable else 0
