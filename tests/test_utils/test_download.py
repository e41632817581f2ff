"""Tests of downloads from a server that cuts, stalls, sends other content and refuses."""

import hashlib
import multiprocessing
import os
import random
import signal
import time

import pytest

from npid_mm.utils import download as module
from npid_mm.utils.download import ATTEMPTS, DownloadError, cache_folder, download, mirrored
from tests.file_server import file_server

CONTENT = random.Random(0).randbytes(3_000_000)
OTHER = CONTENT[::-1]
DIGITS = hashlib.sha256(CONTENT).hexdigest()[:8]
NAME = f'weights_20250101-{DIGITS}.pth'
THIRD = 1_000_000
fork = multiprocessing.get_context('fork')


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(module, 'PAUSE', 0)
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    with file_server() as server:
        server.files |= {f'/{NAME}': CONTENT, '/a/bare.pth': CONTENT, '/b/bare.pth': OTHER}
        yield server


@pytest.fixture
def get(server, tmp_path):
    """Download the file; it is complete and alone in its folder."""

    def get():
        path = download(f'{server.url}/{NAME}', tmp_path)
        assert path == tmp_path / NAME and path.read_bytes() == CONTENT
        assert os.listdir(tmp_path) == [NAME]

    return get


def test_a_file_is_downloaded_once(server, get):
    get()
    get()
    assert len(server.requests) == 1


@pytest.mark.parametrize('name', [NAME, 'a/bare.pth'])
def test_a_broken_connection_is_tried_again_from_scratch(server, tmp_path, name):
    server.errors += [503]
    server.cuts += [THIRD, 0]
    assert download(f'{server.url}/{name}', tmp_path).read_bytes() == CONTENT
    assert len(server.requests) == 4
    assert len(os.listdir(tmp_path)) == 1


def test_a_server_that_stalls_is_tried_again(server, get, monkeypatch):
    monkeypatch.setattr(module, 'TIMEOUT', 0.2)
    server.stalls += [THIRD]
    get()
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ('trouble', 'message', 'requests'),
    [
        (dict(errors=[429] * ATTEMPTS), 'HTTP Error 429: Too Many Requests. Check', ATTEMPTS),
        (dict(cuts=[THIRD] * ATTEMPTS), 'ended after 1,000,000 of 3,000,000 bytes', ATTEMPTS),
        (dict(stalls=[0] * ATTEMPTS), 'timed out. Check the connection', ATTEMPTS),
        (dict(files={}), 'HTTP Error 404: Not Found', 1),
        (dict(files={f'/{NAME}': OTHER}), f'with {DIGITS}, but begins with .* date of 8 dig', 1),
        (dict(files={f'/{NAME}': b''}), 'must send a Content-Length from 1 to', 1),
        (dict(headers={'Content-Length': None}), 'must send a Content-Length', 1),
        (dict(headers={'Content-Length': f'{1 << 60}'}), 'bytes that are free, got', 1),
        (dict(headers={'Content-Encoding': ' GZIP '}), r'compressed \(Content-Encoding: gzip\)', 1),
    ],
)
def test_nothing_is_left_of_a_download_that_fails(
    server, tmp_path, monkeypatch, trouble, message, requests
):
    monkeypatch.setattr(module, 'TIMEOUT', 0.1)
    vars(server).update(trouble)
    with pytest.raises(DownloadError, match=message):
        download(f'{server.url}/{NAME}', tmp_path)
    assert os.listdir(tmp_path) == []
    assert len(server.requests) == requests


def test_a_full_disk_is_not_tried_again(server, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(module.errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(module.shutil, 'copyfileobj', full)
    with pytest.raises(OSError, match='No space left'):
        download(f'{server.url}/{NAME}', tmp_path)
    assert os.listdir(tmp_path) == [] and len(server.requests) == 1


def test_an_incomplete_file_under_the_final_name_is_replaced(get, tmp_path):
    (tmp_path / NAME).write_bytes(CONTENT[:THIRD])
    get()


def test_an_existing_file_without_digits_is_refused(server, tmp_path):
    path = download(f'{server.url}/a/bare.pth', tmp_path)
    with pytest.raises(DownloadError, match=f'{path} exists, .*: use it, remove it, or give'):
        download(f'{server.url}/b/bare.pth', tmp_path)
    assert path.read_bytes() == CONTENT


def test_in_the_cache_each_address_without_digits_has_a_folder(server, tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    assert download(f'{server.url}/{NAME}').parent == cache_folder() == tmp_path / 'hub/checkpoints'
    for _ in range(2):
        for folder, content in (('a', CONTENT), ('b', OTHER)):
            path = download(f'{server.url}/{folder}/bare.pth')
            assert path.read_bytes() == content and path.is_relative_to(cache_folder())
    assert len(server.requests) == 3


@pytest.mark.slow
@pytest.mark.parametrize('errors', [0, 1])
def test_processes_share_one_download(server, tmp_path, errors):
    """If the first one fails, one of those that wait for it downloads the file."""
    server.errors += [404] * errors
    others = [fork.Process(target=download, args=(f'{server.url}/{NAME}', tmp_path)) for _ in '123']
    for each in others:
        each.start()
    for each in others:
        each.join(60)
    assert sorted(each.exitcode for each in others) == [0] * (3 - errors) + [1] * errors
    assert len(server.requests) == 1 + errors
    assert os.listdir(tmp_path) == [NAME]


@pytest.mark.slow
def test_a_killed_download_blocks_nobody_and_leaves_nothing(server, get, tmp_path):
    server.stalls += [THIRD]
    other = fork.Process(target=download, args=(f'{server.url}/{NAME}', tmp_path))
    other.start()
    while not list(tmp_path.glob('*.unfinished')):
        assert other.is_alive()
        time.sleep(0.01)
    os.kill(other.pid, signal.SIGKILL)
    other.join()
    get()


def test_a_mirror_replaces_the_host(server, tmp_path, monkeypatch):
    server.files[f'/mirror/mmselfsup/{NAME}'] = CONTENT
    url = f'https://download.openmmlab.com/mmselfsup/{NAME}'
    monkeypatch.setenv('NPID_MM_MIRROR', f'{server.url}/mirror/')
    assert download(url, tmp_path).read_bytes() == CONTENT
    assert mirrored('https://example.org/a.pth') == 'https://example.org/a.pth'
    monkeypatch.setenv('NPID_MM_MIRROR', '/data/mirror')
    with pytest.raises(ValueError, match="NPID_MM_MIRROR must be .* got '/data/mirror'"):
        download(url, tmp_path)


def test_the_proxy_of_the_environment_is_used(server, tmp_path, monkeypatch):
    url = f'http://weights.example/{NAME}'
    server.files[url] = CONTENT
    monkeypatch.setenv('http_proxy', server.url)
    assert download(url, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize('url', ['weights.pth', 'ftp://example.org/a.pth', 'https://example.org/'])
def test_an_address_without_a_file_is_refused(url):
    with pytest.raises(ValueError, match='url must be an http or https URL of a file'):
        download(url)
