"""Tests of tools as child processes."""

import signal
import subprocess
import sys
import time

import pytest

from npid_mm.utils.child_process import SIGNALS, run_logged, tool_command

CHILD = """
import signal, sys, time
def save(*_):
    print('saved')
    sys.exit(143)
signal.signal(signal.SIGTERM, save)
print('started', flush=True)
time.sleep(60)
"""
PARENT = """
import signal, sys
from pathlib import Path
from npid_mm.utils.child_process import run_logged
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
run_logged([sys.executable, '-c', sys.argv[1]], Path(sys.argv[2]))
"""


@pytest.fixture(autouse=True)
def interruptible():
    """Handle SIGINT as in the foreground of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_output_and_status(tmp_path):
    """The output is appended to that of an earlier attempt."""
    log = tmp_path / 'below/output.log'
    script = 'import os, sys; print(os.environ["PYTHON"]); sys.exit("wrong")'
    assert run_logged([sys.executable, '-c', script], log) == 1
    assert run_logged([sys.executable, '-c', 'print("well")'], log) == 0
    assert log.read_text() == f'{sys.executable}\nwrong\nwell\n'


@pytest.mark.slow
@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_tool_ends_its_child(tmp_path, number):
    """The child has the time to save."""
    log = tmp_path / 'output.log'
    parent = subprocess.Popen([sys.executable, '-c', PARENT, CHILD, log], stderr=subprocess.PIPE)
    deadline = time.monotonic() + 120
    while not (log.is_file() and 'started' in log.read_text()):
        assert parent.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    parent.send_signal(number)
    parent.communicate(timeout=120)
    assert log.read_text() == 'started\nsaved\n'
    # as a shell reports SIGTERM; Python ends itself by SIGINT, unless an exit handler comes after
    allowed = {signal.SIGTERM: (143,), signal.SIGINT: (-signal.SIGINT, 1)}
    assert parent.returncode in allowed[number]


@pytest.mark.parametrize(
    ('number', 'error'), [(signal.SIGTERM, SystemExit), (signal.SIGINT, KeyboardInterrupt)]
)
def test_a_signal_while_the_process_starts(tmp_path, monkeypatch, number, error):
    """The child exists, but the tool has no handle of it yet."""
    start, started = subprocess.Popen, []

    def interrupted(*arguments, **settings):
        started.append(start(*arguments, **settings))
        signal.raise_signal(number)
        return started[0]

    monkeypatch.setattr(subprocess, 'Popen', interrupted)
    with pytest.raises(error):
        run_logged([sys.executable, '-c', 'import time; time.sleep(60)'], tmp_path / 'output.log')
    assert started[0].returncode == -signal.SIGTERM


def test_handlers_are_restored(tmp_path):
    before = [signal.getsignal(number) for number in SIGNALS]
    run_logged([sys.executable, '-c', ''], tmp_path / 'output.log')
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_an_ignored_signal_stays_ignored(tmp_path):
    """With nohup, for the tool and for its child."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child = 'import signal; print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)'
    assert run_logged([sys.executable, '-c', child], tmp_path / 'output.log') == 0
    assert (tmp_path / 'output.log').read_text() == 'True\n'
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_commands(tmp_path):
    """Several ranks are started by a script."""
    one = tool_command(tmp_path, 'test', ['config.py', 'npid.pth'])
    assert one == [sys.executable, str(tmp_path / 'test.py'), 'config.py', 'npid.pth']
    several = tool_command(tmp_path, 'train', ['config.py'], 8)
    assert several == ['bash', str(tmp_path / 'dist_train.sh'), 'config.py', '8']
