"""Tests of processes whose launcher is killed."""

import os
import signal
from multiprocessing import get_context

import pytest

from npid_mm.utils import launcher_watch
from npid_mm.utils.launcher_watch import ELASTIC, TOOL, end_with_launcher

FORK = get_context('fork')


def rank(said, stay, handler):
    """Watch the launcher, work, and save on SIGTERM, as a rank does."""
    signal.signal(signal.SIGTERM, handler(said))
    end_with_launcher()
    os.write(said, f'{os.getpid()}\n'.encode())
    os.read(stay, 1)  # until the test closes its end
    os.write(said, b'outlived')
    os._exit(0)


def saves(said):
    def save(*_):
        os.write(said, b'saved')
        os._exit(143)

    return save


def stuck(said):
    """Ignore SIGTERM, as in a collective, where no handler runs."""
    return signal.SIG_IGN


def launcher(said, stay, environment, handler):
    """Start a rank and wait for it."""
    os.environ.update(environment)
    if TOOL in environment:
        os.environ[TOOL] = environment[TOOL] or str(os.getpid())
    if not os.fork():
        rank(said, stay, handler)
    os.wait()


@pytest.fixture
def launch():
    """Start a launcher and its rank; return the launcher, the id of the rank, and two pipes."""
    started = []

    def start(environment, handler=saves):
        (heard, said), (stay, go) = os.pipe(), os.pipe()
        process = FORK.Process(target=_launcher, args=(go, said, stay, environment, handler))
        process.start()
        os.close(said)
        os.close(stay)
        started.append((process, go))
        heard = os.fdopen(heard)
        return process, int(heard.readline()), heard, go

    yield start
    for process, _ in started:
        process.kill()
        process.join()


def _launcher(go, *arguments):
    os.close(go)
    launcher(*arguments)


@pytest.mark.parametrize(
    'environment', [{ELASTIC: 'none'}, {TOOL: ''}], ids=['torchrun', 'a tool of ours']
)
def test_a_process_ends_by_sigterm_when_its_launcher_is_killed(launch, environment):
    process, _, heard, _ = launch(environment)
    process.kill()
    assert heard.read() == 'saved'  # its end closes the pipe


def test_ranks_end_when_the_tool_above_their_launcher_is_killed(launch):
    """The launcher lives, but not the sweep that started it."""
    tool = FORK.Process(target=signal.pause)
    tool.start()
    process, _, heard, _ = launch({ELASTIC: 'none', TOOL: str(tool.pid)})
    tool.kill()
    tool.join()
    assert heard.read() == 'saved'
    process.join()  # by itself


def test_a_process_of_a_shell_outlives_it(launch, monkeypatch):
    monkeypatch.delenv(ELASTIC, raising=False)
    monkeypatch.delenv(TOOL, raising=False)
    process, child, heard, go = launch({})
    process.kill()
    process.join()
    os.kill(child, 0)  # exists
    os.close(go)
    assert heard.read() == 'outlived'


def test_one_that_does_not_end_in_time_is_killed(launch, monkeypatch):
    monkeypatch.setattr(launcher_watch, 'GRACE', 0.01)
    process, _, heard, _ = launch({ELASTIC: 'none'}, stuck)
    process.kill()
    assert heard.read() == ''
