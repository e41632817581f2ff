"""Let one process at a time write to an index."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from npid_mm.engine.folder_lock import held_lock
from npid_mm.utils.atomic_io import UNFINISHED

from .metadata import ENCODER, LISTS, LOCK, META, PREPROCESSING
from .regular_files import check_regular

# a killed writer leaves these
TEMPORARY = (
    *(name + UNFINISHED for name in (META, LISTS, PREPROCESSING)),
    f'{ENCODER}{UNFINISHED}.onnx',
)


@contextmanager
def write_lock(folder: str | Path) -> Iterator[None]:
    """Exclude other writers of an index inside the block; reading is allowed.

    The operating system releases the lock when the process exits, see
    :func:`~npid_mm.engine.folder_lock.held_lock`. Afterwards temporary files are removed, and an
    empty folder that was created here.

    Args:
        folder (str | Path): An index, or the folder of a new one.

    Raises:
        BlockingIOError: If another process is writing to it.
        ValueError: If one of its files is a link, a folder, a pipe or a device.
    """
    folder = Path(folder)
    refusal = (
        f'another process is writing to the index {folder}: wait until it is done, or end it, '
        'and give this command again'
    )
    for name in (LOCK, *TEMPORARY):  # opening a link would change its target
        check_regular(folder / name)
    with held_lock(folder / LOCK, refusal):
        try:
            yield
        finally:
            for name in TEMPORARY:
                (folder / name).unlink(missing_ok=True)
