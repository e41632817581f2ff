"""Exit status of several ranks. tests/commands/ starts real ones."""

import signal
from types import SimpleNamespace

import pytest
import torch
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

from npid_mm.cli.common import launch_ranks as module
from npid_mm.cli.common.launch_ranks import launch_ranks


def failed(status):
    """Return the error of torchrun for a rank that ended with a status."""
    failure = ProcessFailure(local_rank=1, pid=1, exitcode=status, error_file='none')
    return ChildFailedError('npid', {1: failure})


@pytest.fixture
def ending(monkeypatch):
    """Replace torchrun by a function that raises; return what it was called with."""
    called = SimpleNamespace()

    def ending(error):
        def run(arguments):
            called.arguments = arguments
            if error is not None:
                raise error

        monkeypatch.setattr(module, 'run', run)
        return called

    monkeypatch.delenv('OMP_NUM_THREADS', raising=False)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 0)
    return ending


def test_every_rank_runs_the_command_with_its_arguments(ending, monkeypatch):
    called = ending(None)
    monkeypatch.setenv('PORT', '1234')
    assert launch_ranks('train', ['a.py', '--gpus', '2', '--cfg-options', 'x=1'], 2) == 0
    started = called.arguments
    assert (started.nproc_per_node, started.master_port, started.module) == ('2', 1234, True)
    assert [started.training_script, *started.training_script_args] == [
        *('npid_mm', 'train', 'a.py', '--gpus', '2', '--cfg-options', 'x=1'),
        *('--launcher', 'pytorch'),
    ]


def test_the_exit_status_is_that_of_the_first_failure(ending):
    ending(failed(3))
    assert launch_ranks('train', [], 2) == 3
    ending(SignalException('stopped', signal.SIGTERM))
    assert launch_ranks('train', [], 2) == 143


def test_a_killed_rank_is_reported(ending):
    ending(failed(-9))
    with pytest.raises(RuntimeError, match='rank 1 was killed by SIGKILL'):
        launch_ranks('train', [], 2)


def test_a_wrong_number_of_gpus_is_refused(ending, monkeypatch):
    ending(None)
    with pytest.raises(ValueError, match='--gpus must be at least 1, got 0'):
        launch_ranks('train', [], 0)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 2)
    with pytest.raises(ValueError, match='--gpus must be at most 2, the GPUs .*, got 3'):
        launch_ranks('train', [], 3)
