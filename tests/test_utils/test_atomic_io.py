"""Tests of atomic writes: failing, killed and competing writers."""

import os

import pytest

from npid_mm.utils.atomic_io import (
    UNFINISHED,
    atomic_folder,
    atomic_path,
    remove_unfinished,
    write_atomic,
)


def test_bytes_and_text_replace_the_file(tmp_path):
    path = tmp_path / 'new/folder/file'
    for content in (b'one', 'zwö'):
        write_atomic(str(path), content)
    assert path.read_text(encoding='utf-8') == 'zwö'
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize('call', ['fsync', 'replace'])
def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch, call):
    path = tmp_path / 'file'
    write_atomic(path, b'old')

    def fail(*_):
        raise OSError('no space left')

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError, match='no space left'):
        write_atomic(path, b'new')
    assert path.read_bytes() == b'old'
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupted_block_leaves_the_old_file(tmp_path):
    path = tmp_path / 'file'
    write_atomic(path, b'old')
    with pytest.raises(KeyboardInterrupt), atomic_path(path) as unfinished:
        unfinished.write_bytes(b'ne')
        raise KeyboardInterrupt
    assert path.read_bytes() == b'old'
    assert list(tmp_path.iterdir()) == [path]


def test_a_killed_writer_leaves_the_old_file_and_a_removable_one(tmp_path, monkeypatch):
    path = tmp_path / 'epoch_1.pth'
    write_atomic(path, b'old')
    child = os.fork()
    if child == 0:  # dies after writing, before renaming
        monkeypatch.setattr(os, 'replace', lambda *_: os._exit(9))
        try:
            write_atomic(path, b'new')
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert path.read_bytes() == b'old'
    assert (tmp_path / f'epoch_1.pth{UNFINISHED}').read_bytes() == b'new'
    remove_unfinished(tmp_path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_in_place_of_the_temporary_file_is_not_followed(tmp_path):
    other = tmp_path / 'other'
    other.write_bytes(b'mine')
    (tmp_path / f'file{UNFINISHED}').symlink_to(other)
    write_atomic(tmp_path / 'file', b'new')
    assert other.read_bytes() == b'mine'
    assert not (tmp_path / 'file').is_symlink()


def test_a_folder_appears_complete(tmp_path):
    with atomic_folder(tmp_path / 'new/data') as folder:
        (folder / 'image').touch()
        assert not (tmp_path / 'new/data').exists()
    assert os.listdir(tmp_path / 'new') == ['data']
    assert os.listdir(tmp_path / 'new/data') == ['image']


def test_nothing_is_left_of_a_folder_that_fails(tmp_path):
    with pytest.raises(ValueError), atomic_folder(tmp_path / 'data') as folder:
        (folder / 'image').touch()
        raise ValueError
    assert os.listdir(tmp_path) == []


def test_a_folder_that_another_process_has_made_stays(tmp_path):
    with pytest.raises(OSError), atomic_folder(tmp_path / 'data') as folder:
        (folder / 'ours').touch()
        (tmp_path / 'data').mkdir()
        (tmp_path / 'data/theirs').touch()
    assert os.listdir(tmp_path / 'data') == ['theirs']
    assert os.listdir(tmp_path) == ['data']
