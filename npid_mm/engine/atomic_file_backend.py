"""Files on a local disk that appear complete or not at all."""

import os
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

# what a file is called until it is complete
UNFINISHED = '.unfinished'


@register_backend('atomic')
class AtomicFileBackend(LocalBackend):
    """Write beside the file and rename: whoever is killed meanwhile leaves the old file.

    Name it by ``backend_args=dict(backend='atomic')``. When ``put`` returns, the file is on
    the disk and survives a power cut.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write ``obj`` to ``filepath``; its folders are made."""
        path = Path(filepath)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(path.name + UNFINISHED)
        try:
            with open(unfinished, 'wb') as file:
                file.write(obj)
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)

    def put_text(self, obj: str, filepath: str | Path, encoding: str = 'utf-8') -> None:
        """Write the text ``obj`` to ``filepath``; its folders are made."""
        self.put(obj.encode(encoding), filepath)


def remove_unfinished(folder: str | Path) -> None:
    """Remove what killed writers left in ``folder``."""
    for path in Path(folder).glob(f'*{UNFINISHED}'):
        path.unlink()


def _sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk: a rename alone may be lost in a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
