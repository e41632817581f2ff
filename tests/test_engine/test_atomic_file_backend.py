"""Tests of the MMEngine file backend; its atomicity is tested in test_utils/test_atomic_io.py."""

from mmengine.fileio import get_file_backend


def test_bytes_and_text_are_written(tmp_path):
    backend = get_file_backend(backend_args=dict(backend='atomic'))
    path = tmp_path / 'new' / 'file'
    backend.put(b'one', path)
    assert path.read_bytes() == b'one'
    backend.put_text('zwö', str(path))
    assert backend.get_text(path) == 'zwö'
    assert list(path.parent.iterdir()) == [path]
