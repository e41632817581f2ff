"""Only regular files are opened: a link is not followed, and a pipe does not block."""

import os

import pytest

from npid_mm.retrieval.index.regular_files import (
    check_regular,
    open_regular,
    read_regular,
    write_at,
)


@pytest.fixture(params=['link', 'pipe', 'folder'])
def other(request, tmp_path):
    """A path to something else than a regular file."""
    path = tmp_path / request.param
    if request.param == 'link':
        (tmp_path / 'target').write_bytes(b'target')
        path.symlink_to(tmp_path / 'target')
    elif request.param == 'pipe':
        os.mkfifo(path)
    else:
        path.mkdir()
    return path


@pytest.mark.parametrize(
    'use', [check_regular, open_regular, lambda path: write_at(path, 0, b'new')]
)
def test_other_files_are_refused(other, use):
    with pytest.raises(ValueError, match='must be a regular file, got a link, a folder, a pipe'):
        use(other)


def test_writing_replaces_everything_after_the_position(tmp_path):
    path = tmp_path / 'file'
    assert check_regular(path) == 0
    write_at(path, 0, b'abcdef')
    write_at(path, 2, b'x')
    assert path.read_bytes() == b'abx' and check_regular(path) == 3


def test_a_file_that_is_too_large_is_refused(tmp_path):
    path = tmp_path / 'file'
    path.write_bytes(b'abc')
    assert read_regular(path, 3) == b'abc'
    with pytest.raises(ValueError, match='must have at most 2 bytes, got more'):
        read_regular(path, 2)
