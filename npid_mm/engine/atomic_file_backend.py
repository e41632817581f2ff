"""MMEngine file backend that writes files atomically."""

from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

from npid_mm.utils.atomic_io import write_atomic


@register_backend('atomic')
class AtomicFileBackend(LocalBackend):
    """Local files that appear complete or not at all, see :mod:`npid_mm.utils.atomic_io`.

    Select it by ``backend_args=dict(backend='atomic')``.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write ``obj`` to ``filepath``; missing folders are created."""
        write_atomic(filepath, obj)

    def put_text(self, obj: str, filepath: str | Path, encoding: str = 'utf-8') -> None:
        """Write the text ``obj`` to ``filepath``; missing folders are created."""
        write_atomic(filepath, obj.encode(encoding))
