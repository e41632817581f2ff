"""One process at a time writes to an index."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from npid_mm.engine.whole_file_backend import UNFINISHED

from .metadata import LISTS, META
from .regular_files import check_regular

LOCK = 'writing.lock'
BEGUN = (META + UNFINISHED, LISTS + UNFINISHED)  # what a killed writer leaves


@contextmanager
def sole_writer(folder: str | Path) -> Iterator[None]:
    """Keep other processes from writing to an index meanwhile; they may read it.

    The system holds the lock for its process, so that it is gone with it, however it ended. At the
    end nothing unfinished is left in the folder, nor the folder itself if it was made for nothing.

    Args:
        folder (str | Path): The index, or where it will be.

    Raises:
        BlockingIOError: Another process is writing to it.
        ValueError: A link, a folder, a pipe or a device is in the place of one of its files.
    """
    folder = Path(folder)
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for name in (LOCK, *BEGUN):  # opening a link would write to what it leads to
        check_regular(folder / name)
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise BlockingIOError(
            f'another process is writing to the index {folder}: wait until it is done, or end it, '
            'and give this command again'
        ) from None
    try:
        yield
    finally:
        for name in BEGUN:
            (folder / name).unlink(missing_ok=True)
        # while it is held: a lock on a file without a name counts for nobody
        (folder / LOCK).unlink(missing_ok=True)
        lock.release()
        with suppress(OSError):  # not empty
            for each in made:
                each.rmdir()
