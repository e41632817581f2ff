"""Files that appear complete or not at all."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_path(path):
    """Yield a temporary name beside ``path`` which becomes ``path`` when the block succeeds.

    Folders on the way are made; after an error nothing of the block's file is left, and an older
    ``path`` is as it was.

    Args:
        path (str | PathLike): The file to write.

    Yields:
        Path: Where to write, with the suffix of ``path``.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f'.{path.name}-', dir=path.parent) as folder:
        unfinished = Path(folder) / path.name
        yield unfinished
        os.replace(unfinished, path)
