"""Requests to a script of the peer, and their answers."""

import importlib
import sys

import pytest

from tests.toy import ROOT


@pytest.fixture
def module(monkeypatch, tmp_path):
    """benchmarks/peer_process.py with an empty folder of scripts."""
    monkeypatch.syspath_prepend(ROOT / 'benchmarks')
    module = importlib.import_module('peer_process')
    monkeypatch.setattr(module, 'PEERS', tmp_path)
    yield module
    del sys.modules['peer_process']


@pytest.mark.slow
def test_every_request_gets_its_answer(module, tmp_path):
    (tmp_path / 'echo.py').write_text(
        'import json, sys\n'
        'print("a package prints")\n'
        'print(json.dumps("ready"), flush=True)\n'
        'for line in sys.stdin:\n'
        '    print(json.dumps(dict(given=line.strip(), argument=sys.argv[1])), flush=True)\n'
    )
    peer = module.PeerProcess(sys.executable, 'echo.py', 5)
    assert peer.ask(7) == dict(given='7', argument='5')
    assert peer.ask() == dict(given='', argument='5')
    peer.close()
    assert peer.process.returncode == 0
    (tmp_path / 'failing.py').write_text('raise SystemExit(3)')
    with pytest.raises(RuntimeError, match='the peer ended with code 3'):
        module.PeerProcess(sys.executable, 'failing.py')
