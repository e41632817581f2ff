"""tools/download_checkpoint.py with a local server as the mirror."""

import errno
import hashlib
import runpy
from urllib.parse import urlsplit

import pytest

from npid_mm.checkpoints.hub import zoo_weights
from npid_mm.utils import download as downloads
from tests.file_server import file_server
from tests.toy import ROOT

CONTENT = bytes(2_000_000)
FILE = f'weights-{hashlib.sha256(CONTENT).hexdigest()[:8]}.pth'
MODEL = 'npid_resnet50_8xb32-steplr-200e_in1k'


@pytest.fixture
def server(monkeypatch):
    """Serve files as the mirror; those with the names of published weights are forged."""
    monkeypatch.setattr(downloads, 'PAUSE', 0)
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    with file_server() as server:
        monkeypatch.setenv('NPID_MM_MIRROR', server.url)
        server.files = {urlsplit(url).path: b'forged' for url in zoo_weights().values()}
        server.files[f'/{FILE}'] = server.files['/bare.pth'] = CONTENT
        yield server


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the tool; return its exit status, stdout and stderr."""

    def run(*arguments):
        path = str(ROOT / 'tools/download_checkpoint.py')
        monkeypatch.setattr('sys.argv', [path, *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(path, run_name='__main__')
        return end.value.code, *capsys.readouterr()

    return run


def test_an_address_is_downloaded_and_checked(run, server, tmp_path):
    code, out, err = run(f'{server.url}/{FILE}', '--out', tmp_path / 'new')
    assert (code, out) == (0, f'{tmp_path}/new/{FILE}\n')
    assert (tmp_path / 'new' / FILE).read_bytes() == CONTENT
    assert f'sha256 begins with {FILE[-12:-4]}, as in the name' in err


def test_forged_weights_of_a_published_name_are_refused(run, server, tmp_path):
    code, out, err = run(MODEL, '--out', tmp_path)
    assert (code, out) == (1, '')
    assert 'its SHA-256 must begin with a67c5440, but begins with' in err
    assert server.requests == [urlsplit(zoo_weights()[MODEL]).path]
    assert list(tmp_path.iterdir()) == []


def test_a_name_without_digits_is_reported_as_unchecked(run, server, tmp_path):
    code, _, err = run(f'{server.url}/bare.pth', '--out', tmp_path)
    assert code == 0
    assert f'sha256: {hashlib.sha256(CONTENT).hexdigest()}' in err


def test_an_existing_file_without_digits_is_refused(run, server, tmp_path):
    (tmp_path / 'bare.pth').write_bytes(b'of another model')
    code, out, err = run(f'{server.url}/bare.pth', '--out', tmp_path)
    assert (code, out) == (1, '')
    assert f'error: {tmp_path}/bare.pth exists' in err and '(--out)' in err
    assert (tmp_path / 'bare.pth').read_bytes() == b'of another model'


@pytest.mark.parametrize('where', ['file', 'file/folder'])
def test_a_folder_that_cannot_be_made_is_one_line(run, server, tmp_path, where):
    (tmp_path / 'file').touch()
    folder = tmp_path / where
    code, out, err = run(f'{server.url}/{FILE}', '--out', folder)
    assert (code, out) == (1, '')
    assert err.startswith(f'error: --out {folder}/{FILE} cannot be written: {tmp_path}/file is not')
    assert err.count('\n') == 1


def test_a_full_disk_is_one_line(run, server, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr('npid_mm.utils.atomic_io.os.fsync', full)
    code, out, err = run(f'{server.url}/{FILE}', '--out', tmp_path)
    assert (code, out) == (1, '')
    assert err.splitlines()[1:] == ['error: No space left on device']
    assert len(server.requests) == 1


def test_list_names_every_file(run):
    code, out, _ = run('--list')
    assert code == 0
    assert out == ''.join(f'{name}\n    {url}\n' for name, url in zoo_weights().items())


def test_a_terminal_gets_a_progress_bar(run, server, tmp_path, monkeypatch):
    """FORCE_COLOR makes rich treat any stream as a terminal."""
    monkeypatch.setenv('FORCE_COLOR', '1')
    monkeypatch.setenv('COLUMNS', '200')
    _, out, err = run(f'{server.url}/{FILE}', '--out', tmp_path)
    assert '2.0/2.0 MB' in err and '━' in err
    assert out == f'{tmp_path}/{FILE}\n'


def test_offline_is_one_line(run, server, tmp_path, monkeypatch):
    server.shutdown()
    server.server_close()
    code, _, err = run(MODEL, '--out', tmp_path)
    assert code == 1
    assert err.splitlines()[-1].startswith(
        f'error: cannot download {server.url}/mmselfsup/1.x/npid/'
    )
