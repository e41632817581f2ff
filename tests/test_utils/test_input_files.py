"""Tests of the checks that files exist."""

import os

import pytest

from npid_mm.utils.input_files import existing_checkpoint, existing_file


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('HOME', str(tmp_path))
    return tmp_path


@pytest.mark.parametrize('path', ['a.pth', '~/a.pth', 's3://bucket/a.pth', 'https://host/a.pth'])
def test_a_file_or_an_address_is_returned_as_it_is(home, path):
    (home / 'a.pth').write_bytes(b'PK\x03\x04')
    assert existing_file(path, 'config') == existing_checkpoint(path) == path


def test_other_paths_are_refused(home):
    with pytest.raises(FileNotFoundError, match=f'config not found: a.py .looked from {home.name}'):
        existing_file('a.py', 'config')
    with pytest.raises(ValueError, match='config must be a file, got the folder '):
        existing_file(str(home), 'config')
    os.mkfifo('pipe')
    with pytest.raises(FileNotFoundError, match='config must be a file, not a pipe or a device: p'):
        existing_file('pipe', 'config')


@pytest.mark.parametrize(('content', 'got'), [(b'', 'it is empty'), (b'GIF', "it begins with b'G")])
def test_other_files_are_not_checkpoints(home, content, got):
    (home / 'a.pth').write_bytes(content)
    with pytest.raises(ValueError, match=f'checkpoint a.pth is not a file that torch.save .*{got}'):
        existing_checkpoint('a.pth')
    (home / 'a.safetensors').write_bytes(content)
    assert existing_checkpoint('a.safetensors')
