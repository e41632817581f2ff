"""Downloads from a server that breaks off, stalls, lies and refuses."""

import errno
import hashlib
import multiprocessing
import os
import random
import signal
import socket
import time
from http.client import HTTPResponse

import pytest

from npid_mm.utils import download_transfer as transfer
from npid_mm.utils.download import DownloadError, cache_folder, download, mirrored, sha256
from tests.file_server import file_server

CONTENT = random.Random(0).randbytes(3_000_000)
NAME = f'weights_20250101-{hashlib.sha256(CONTENT).hexdigest()[:8]}.pth'
THIRD = 1_000_000
# processes that start with what is imported here
fork = multiprocessing.get_context('fork')


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(transfer, 'PAUSE', 0)
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    with file_server() as server:
        server.files['/' + NAME] = CONTENT
        yield server


@pytest.fixture
def get(server, tmp_path):
    """Download the file and see that it is right and alone in its folder."""

    def get():
        path = download(f'{server.url}/{NAME}', tmp_path)
        assert path == tmp_path / NAME
        assert path.read_bytes() == CONTENT
        assert os.listdir(tmp_path) == [NAME]

    return get


@pytest.fixture
def part(tmp_path):
    return tmp_path / f'{NAME}.part'


def test_a_file_comes_whole_and_only_once(server, get):
    get()
    get()
    assert server.asked == [None]


def test_a_cut_connection_goes_on_where_it_stopped(server, get):
    server.cuts += [THIRD, THIRD]
    get()
    assert server.asked == [None, f'bytes={THIRD}-', f'bytes={2 * THIRD}-']


def test_a_server_that_goes_away_leaves_what_came_for_the_next_call(server, get, part):
    server.cuts += [THIRD, *[0] * transfer.ATTEMPTS]
    with pytest.raises(DownloadError, match=f'{THIRD:,} bytes are kept, and the same command'):
        get()
    assert part.read_bytes() == CONTENT[:THIRD]
    assert not part.with_suffix('').exists()
    server.cuts.clear()
    server.requests.clear()
    get()
    assert server.asked == [f'bytes={THIRD}-']


def test_without_ranges_it_starts_over(server, get):
    server.ranges = False
    server.cuts += [THIRD]
    get()
    assert server.asked == [None, f'bytes={THIRD}-']


def test_a_part_of_another_file_is_found_out(server, get, part):
    """Its beginning is kept and completed first, as nothing tells it from the right one."""
    part.write_bytes(bytes(THIRD))
    get()
    assert server.asked == [f'bytes={THIRD}-', None]


@pytest.mark.parametrize('left', [CONTENT, CONTENT + b'more'], ids=['whole', 'too long'])
def test_a_part_that_has_nothing_left_to_fetch(server, get, part, left):
    """Killed between the last byte and the renaming; or left by something else."""
    part.write_bytes(left)
    get()


def test_wrong_content_never_gets_the_final_name(server, get, part):
    server.files['/' + NAME] = CONTENT[::-1]
    digits, found = NAME[-12:-4], hashlib.sha256(CONTENT[::-1]).hexdigest()[:8]
    with pytest.raises(DownloadError, match=f'begin with {digits}, but begins with {found}'):
        get()
    assert not part.exists() and not part.with_suffix('').exists()


def test_a_wrong_file_under_the_final_name_is_replaced(server, get, tmp_path):
    """As a tool leaves it that writes in place and was stopped."""
    (tmp_path / NAME).write_bytes(CONTENT[:THIRD])
    get()


def test_a_wrong_hash_says_that_a_date_is_taken_for_one(server, tmp_path):
    server.files['/weights-20250101.pth'] = CONTENT
    with pytest.raises(DownloadError, match='begin with 20250101, .* date of 8 digits'):
        download(f'{server.url}/weights-20250101.pth', tmp_path)


def test_names_in_brackets_are_no_markup(server, tmp_path, monkeypatch, capfd):
    """FORCE_COLOR makes rich take any stream for a terminal."""
    monkeypatch.setenv('FORCE_COLOR', '1')
    monkeypatch.setenv('COLUMNS', '200')
    server.files['/[/b]/[red]:ok:.pth'] = CONTENT
    download(f'{server.url}/[/b]/[red]:ok:.pth', tmp_path)
    shown = capfd.readouterr().err
    assert f'fetching {server.url}/[/b]/[red]:ok:.pth to' in shown
    assert '[red]:ok:.pth ' in shown.partition('\n')[2]


@pytest.mark.parametrize('error', [errno.EHOSTUNREACH, errno.ENETDOWN])
def test_a_network_that_goes_away_in_the_middle_is_waited_for(server, get, monkeypatch, error):
    """These two are plain OSErrors, as a full disk is."""
    read, calls = HTTPResponse.read1, iter(range(100))

    def read1(response, size):
        if next(calls) == 1:
            raise OSError(error, os.strerror(error))
        return read(response, THIRD)

    monkeypatch.setattr(HTTPResponse, 'read1', read1)
    get()
    assert len(server.asked) == 2


def test_a_full_disk_is_not_taken_for_the_network(server, get, part):
    part.mkdir()
    with pytest.raises(IsADirectoryError):
        get()
    assert len(server.asked) == 1


def test_a_server_that_flaps_without_ranges_is_given_up(server, get):
    """Guards against counting again what had come before: 2, 1, 2, 1, ... went on for ever."""
    server.ranges = False
    server.cuts += [2 * THIRD, THIRD] * 10
    with pytest.raises(DownloadError, match='the connection ended after'):
        get()
    assert len(server.asked) == transfer.ATTEMPTS


def test_a_name_without_digits_is_not_checked(server, tmp_path):
    server.files['/bare.pth?raw=1'] = CONTENT
    assert download(f'{server.url}/bare.pth?raw=1', tmp_path).name == 'bare.pth'
    assert os.listdir(tmp_path) == ['bare.pth']


class TestWithoutDigits:
    """Nothing says afterwards whether the bytes are of one file, so that the server has to."""

    ETAG = ('ETag', '"1"')
    DATE = ('Last-Modified', 'Sat, 22 Nov 2025 08:00:00 GMT')
    OTHER = CONTENT[::-1]

    @pytest.fixture
    def server(self, server):
        server.files = {'/a/bare.pth': CONTENT, '/b/bare.pth': self.OTHER}
        server.validator = self.ETAG
        return server

    @pytest.fixture
    def left(self, server, tmp_path):
        """A first call for /a/bare.pth was broken off after a third."""

        def left(validator=self.ETAG):
            server.validator = validator
            server.cuts += [THIRD, *[0] * transfer.ATTEMPTS]
            with pytest.raises(DownloadError, match='the connection ended'):
                download(f'{server.url}/a/bare.pth', tmp_path)
            server.cuts.clear()
            server.requests.clear()

        return left

    @pytest.mark.parametrize('validator', [ETAG, DATE])
    def test_what_the_server_confirms_goes_on(self, server, left, tmp_path, validator):
        left(validator)
        assert download(f'{server.url}/a/bare.pth', tmp_path).read_bytes() == CONTENT
        assert server.asked == [f'bytes={THIRD}-']
        assert os.listdir(tmp_path) == ['bare.pth']

    @pytest.mark.parametrize('validator', [None, ('ETag', 'W/"1"')])
    def test_what_no_server_confirms_starts_over(self, server, left, tmp_path, validator):
        left(validator)
        assert download(f'{server.url}/a/bare.pth', tmp_path).read_bytes() == CONTENT
        assert server.asked == [None]

    def test_another_address_starts_over(self, server, left, tmp_path):
        left()
        assert download(f'{server.url}/b/bare.pth', tmp_path).read_bytes() == self.OTHER
        assert server.asked == [None]

    @pytest.mark.parametrize('honours', [True, False])
    def test_a_file_that_changed_starts_over(self, server, left, tmp_path, honours):
        """Also where a server does not know If-Range and answers with the rest of the new one."""
        left()
        server.validator, server.if_range = ('ETag', '"2"'), honours
        server.files['/a/bare.pth'] = self.OTHER
        assert download(f'{server.url}/a/bare.pth', tmp_path).read_bytes() == self.OTHER
        assert server.asked == [f'bytes={THIRD}-', *([] if honours else [None])]

    def test_a_part_without_a_note_starts_over(self, server, tmp_path):
        (tmp_path / 'bare.pth.part').write_bytes(bytes(THIRD))
        assert download(f'{server.url}/a/bare.pth', tmp_path).read_bytes() == CONTENT
        assert server.asked == [None]

    def test_a_whole_part_starts_over(self, server, left, tmp_path):
        """A 416 names the length only, which another file may have too."""
        left()
        (tmp_path / 'bare.pth.part').write_bytes(bytes(len(CONTENT)))
        assert download(f'{server.url}/a/bare.pth', tmp_path).read_bytes() == CONTENT

    @pytest.mark.parametrize('folder', ['a', 'b'])
    def test_a_file_that_is_there_is_refused(self, server, tmp_path, folder):
        path = download(f'{server.url}/a/bare.pth', tmp_path)
        with pytest.raises(DownloadError, match=f'{path} is there already.* Use it, remove it'):
            download(f'{server.url}/{folder}/bare.pth', tmp_path)
        assert path.read_bytes() == CONTENT

    def test_in_the_cache_each_address_has_a_folder(self, server, tmp_path, monkeypatch):
        """Converters and other callers without a folder fetch a file once, and the right one."""
        monkeypatch.setenv('TORCH_HOME', str(tmp_path))
        for _ in range(2):
            for folder, content in (('a', CONTENT), ('b', self.OTHER)):
                path = download(f'{server.url}/{folder}/bare.pth')
                assert path.read_bytes() == content and path.is_relative_to(cache_folder())
        assert len(server.requests) == 2

    def test_chunks_tell_their_end(self, server, tmp_path):
        """A whole one, and one that is cut and goes on, though its length was not known before."""
        server.framing = 'chunked'
        server.cuts += [THIRD]
        assert download(f'{server.url}/a/bare.pth', tmp_path).read_bytes() == CONTENT
        assert server.asked == [None, f'bytes={THIRD - len("2dc6c0__")}-']

    def test_a_file_without_a_length_has_no_end_and_is_refused(self, server, tmp_path):
        server.framing = None
        server.cuts += [THIRD]
        with pytest.raises(DownloadError, match='the server names no length and the file no dig'):
            download(f'{server.url}/a/bare.pth', tmp_path)
        assert not (tmp_path / 'bare.pth').exists()


def test_a_file_with_digits_needs_no_length(server, get):
    server.framing = None
    get()


def test_a_missing_file_is_said_at_once(server, tmp_path):
    with pytest.raises(DownloadError, match='none.pth: 404 Not Found'):
        download(f'{server.url}/none.pth', tmp_path)
    assert len(server.requests) == 1


def test_a_server_that_is_busy_is_asked_again(server, get):
    server.errors += [503, 429]
    get()
    assert len(server.requests) == 3


def test_a_server_that_stays_busy_is_given_up(server, get):
    server.errors += [503] * transfer.ATTEMPTS
    with pytest.raises(DownloadError, match='503 Service Unavailable. Check the connection'):
        get()
    assert len(server.requests) == transfer.ATTEMPTS


def test_a_server_that_stalls_is_left_and_asked_again(server, get, monkeypatch):
    monkeypatch.setattr(transfer, 'TIMEOUT', 0.2)
    server.stalls += [THIRD]
    get()
    assert server.asked == [None, f'bytes={THIRD}-']


def test_a_server_that_only_stalls_is_given_up(server, get, monkeypatch):
    monkeypatch.setattr(transfer, 'TIMEOUT', 0.1)
    server.stalls += [0] * transfer.ATTEMPTS
    with pytest.raises(DownloadError, match='timed out'):
        get()


def test_offline_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(transfer, 'PAUSE', 0)
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        url = f'http://127.0.0.1:{free.getsockname()[1]}/{NAME}'
    with pytest.raises(DownloadError, match=f'refused. Check .* put it into {tmp_path}'):
        download(url, tmp_path)


@pytest.mark.parametrize('trouble', ['gone', 'wrong', 'stopped'])
def test_nothing_but_what_came_is_left_of_a_download_that_fails(
    server, tmp_path, monkeypatch, trouble
):
    """No lock either, however it failed."""
    if trouble == 'gone':
        server.files.clear()
    elif trouble == 'wrong':
        server.files['/' + NAME] = CONTENT[::-1]
    else:
        server.cuts += [THIRD, *[0] * transfer.ATTEMPTS]
    with pytest.raises(DownloadError):
        download(f'{server.url}/{NAME}', tmp_path)
    assert os.listdir(tmp_path) == ([f'{NAME}.part'] if trouble == 'stopped' else [])


def test_who_waits_for_a_download_that_fails_fetches_it_itself(server, tmp_path):
    """One at a time still, though the file of the lock that they wait for is removed."""
    server.errors += [404]
    others = [fork.Process(target=download, args=(f'{server.url}/{NAME}', tmp_path)) for _ in '123']
    for each in others:
        each.start()
    for each in others:
        each.join(60)
    assert sorted(each.exitcode for each in others) == [0, 0, 1]
    assert server.asked == [None, None]
    assert os.listdir(tmp_path) == [NAME]


def test_many_at_a_time_share_one_download(server, tmp_path):
    url = f'{server.url}/{NAME}'
    others = [fork.Process(target=download, args=(url, tmp_path)) for _ in range(4)]
    for each in others:
        each.start()
    for each in others:
        each.join(60)
    assert [each.exitcode for each in others] == [0] * 4
    assert server.asked == [None]
    assert (tmp_path / NAME).read_bytes() == CONTENT
    assert os.listdir(tmp_path) == [NAME]


def test_a_killed_download_keeps_nobody_waiting(server, get, part):
    server.stalls += [THIRD]
    other = fork.Process(target=download, args=(f'{server.url}/{NAME}', part.parent))
    other.start()
    while not part.exists() or part.stat().st_size < THIRD:
        assert other.is_alive()
        time.sleep(0.01)
    os.kill(other.pid, signal.SIGKILL)
    other.join()
    get()
    assert server.asked == [None, f'bytes={THIRD}-']


def test_a_mirror_takes_the_place_of_the_host(server, tmp_path, monkeypatch):
    server.files['/mirror/mmselfsup/' + NAME] = CONTENT
    monkeypatch.setenv('NPID_MM_MIRROR', f'{server.url}/mirror/')
    path = download(f'https://download.openmmlab.com/mmselfsup/{NAME}', tmp_path)
    assert path.read_bytes() == CONTENT
    assert mirrored('https://example.org/a.pth') == 'https://example.org/a.pth'


def test_a_mirror_that_is_no_address_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv('NPID_MM_MIRROR', '/data/mirror')
    with pytest.raises(ValueError, match="NPID_MM_MIRROR must be .* got '/data/mirror'"):
        download(f'https://download.openmmlab.com/mmselfsup/{NAME}', tmp_path)


def test_a_proxy_of_the_environment_is_asked(server, tmp_path, monkeypatch):
    url = f'http://weights.example/{NAME}'
    server.files[url] = CONTENT
    monkeypatch.setenv('http_proxy', server.url)
    assert download(url, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize('url', ['weights.pth', 'ftp://example.org/a.pth', 'https://example.org/'])
def test_what_is_no_address_of_a_file_is_refused(url):
    with pytest.raises(ValueError, match='url must be an http or https address of a file'):
        download(url)


def test_by_default_files_go_where_torch_looks(server, tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    assert download(f'{server.url}/{NAME}').parent == cache_folder() == tmp_path / 'hub/checkpoints'


def test_digest(tmp_path, monkeypatch):
    """The published sha256 of 'abc', also read in parts."""
    (tmp_path / 'file').write_bytes(b'abc')
    expected = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    assert sha256(tmp_path / 'file') == expected
    monkeypatch.setattr('npid_mm.utils.download.CHUNK', 2)
    assert sha256(tmp_path / 'file') == expected


@pytest.mark.parametrize('encoding', ['gzip', 'br', ' GZIP '])
def test_a_file_that_comes_packed_is_refused(server, get, tmp_path, encoding):
    """It would be kept as it is packed; what a server names as plain is taken."""
    server.encoding = encoding
    packed = f'weights.* comes packed .Content-Encoding: {encoding.strip().lower()}.. Nothing was'
    with pytest.raises(DownloadError, match=packed):
        get()
    assert os.listdir(tmp_path) == [] and server.asked == [None]
    server.encoding = 'identity'
    get()


@pytest.mark.parametrize('framing', ['length', 'chunked'])
@pytest.mark.parametrize('name', [NAME, 'weights.pth'])
def test_an_empty_file_is_refused(server, tmp_path, framing, name):
    server.files[f'/{name}'], server.framing = b'', framing
    with pytest.raises(DownloadError, match=f'{name} is empty. Nothing was kept; fetch the file'):
        download(f'{server.url}/{name}', tmp_path)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize('name', [NAME, 'weights.pth'])
def test_a_file_without_end_is_refused(server, tmp_path, monkeypatch, name):
    monkeypatch.setattr(transfer, 'LIMIT', 3 * len(CONTENT))
    server.files[f'/{name}'], server.framing = CONTENT, 'endless'
    with pytest.raises(DownloadError, match=f'{name} does not end within 9,000,000 bytes. Nothing'):
        download(f'{server.url}/{name}', tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_file_larger_than_the_disk_is_refused_before_it_comes(server, get, tmp_path, monkeypatch):
    usage = type(transfer.shutil.disk_usage(tmp_path))
    monkeypatch.setattr(transfer.shutil, 'disk_usage', lambda path: usage(0, 0, 2_999_999))
    with pytest.raises(DownloadError, match='has 3,000,000 bytes, and the disk has room for 2,999'):
        get()
    assert os.listdir(tmp_path) == []
