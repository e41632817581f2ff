"""Write files and folders that appear complete or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

UNFINISHED = '.unfinished'  # suffix of a file until it is complete


@contextmanager
def atomic_path(path: str | Path, keep_suffix: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside ``path``, which is renamed to ``path`` if the block succeeds.

    Missing folders are created. After an error the temporary file is removed and an older ``path``
    is unchanged. When the context ends, the file is on the disk and survives a power cut. A killed
    process leaves the temporary file, which the next writer of ``path`` replaces. There must be
    one writer at a time.

    Args:
        path (str | Path): The file to write.
        keep_suffix (bool): Keep the suffix at the end of the temporary name, for libraries that
            choose the format by it. :func:`remove_unfinished` does not find such a file.

    Yields:
        Path: Where to write.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = path.suffix if keep_suffix else ''
    unfinished = path.with_name(f'{path.name}{UNFINISHED}{kept}')
    unfinished.unlink(missing_ok=True)  # writing to a link would change what it leads to
    try:
        yield unfinished
        _sync(unfinished)
        os.replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    _sync(path.parent)  # a power cut may undo the renaming otherwise


def write_atomic(path: str | Path, content: bytes | str) -> None:
    """Write a file with :func:`atomic_path`; text is encoded as UTF-8."""
    with atomic_path(path) as unfinished:
        unfinished.write_bytes(content.encode() if isinstance(content, str) else content)


def remove_unfinished(folder: str | Path) -> None:
    """Remove the temporary files that killed writers left in ``folder``."""
    for path in Path(folder).glob(f'*{UNFINISHED}'):
        path.unlink()


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Yield a temporary folder, which is renamed to ``path`` if the block succeeds.

    Args:
        path (str | Path): The folder to write.

    Yields:
        Path: The folder to write into.

    Raises:
        OSError: If ``path`` exists by then and is not an empty folder. It is left unchanged.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f'.{path.name}-', dir=path.parent) as parent:
        unfinished = Path(parent) / path.name
        unfinished.mkdir()
        yield unfinished
        os.rename(unfinished, path)


def _sync(path: Path) -> None:
    """Flush a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
