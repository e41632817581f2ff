"""One process at a time writes to an index."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from npid_mm.engine.folder_lock import held_lock
from npid_mm.utils.atomic_io import UNFINISHED

from .metadata import LISTS, META
from .regular_files import check_regular

LOCK = 'writing.lock'
BEGUN = (META + UNFINISHED, LISTS + UNFINISHED)  # what a killed writer leaves


@contextmanager
def sole_writer(folder: str | Path) -> Iterator[None]:
    """Keep other processes from writing to an index meanwhile; they may read it.

    The lock ends with its process, see :func:`~npid_mm.engine.folder_lock.held_lock`. At the end
    nothing unfinished is left in the folder, nor the folder itself if it was made for nothing.

    Args:
        folder (str | Path): The index, or where it will be.

    Raises:
        BlockingIOError: Another process is writing to it.
        ValueError: A link, a folder, a pipe or a device is in the place of one of its files.
    """
    folder = Path(folder)
    refusal = (
        f'another process is writing to the index {folder}: wait until it is done, or end it, '
        'and give this command again'
    )
    for name in (LOCK, *BEGUN):  # opening a link would write to what it leads to
        check_regular(folder / name)
    with held_lock(folder / LOCK, refusal):
        try:
            yield
        finally:
            for name in BEGUN:
                (folder / name).unlink(missing_ok=True)
