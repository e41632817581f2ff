"""One training in a work dir, and locks on file systems that have none."""

import errno
import fcntl
import os
import signal
from multiprocessing import get_context

import pytest

from npid_mm.engine import folder_lock
from npid_mm.engine.folder_lock import held_lock, sole_training
from tests.command_line import run
from tests.toy import digits_config


def hold(pipe, folder):
    with sole_training(folder):
        pipe.send('inside')
        signal.pause()


@pytest.mark.slow
def test_a_second_training_is_refused_while_the_first_lives(digits, tmp_path):
    """On the command line, in one line and with nothing written; SIGKILL releases the lock."""
    work = tmp_path / 'work'
    digits_config(digits, work).dump(tmp_path / 'config.py')
    context = get_context('fork')
    ours, theirs = context.Pipe()
    first = context.Process(target=hold, args=(theirs, work))
    first.start()
    assert ours.recv() == 'inside'
    second = run('train.py', tmp_path / 'config.py')
    assert second.returncode == 1
    assert f'another training runs in {work}: wait' in second.stderr.splitlines()[-1]
    assert os.listdir(work) == ['training.lock']
    with sole_training(work, rank=1):  # only rank 0 takes the lock
        pass
    first.kill()
    first.join()
    with sole_training(work):
        assert os.listdir(work) == ['training.lock']
    assert os.listdir(work) == []


def test_a_folder_created_for_a_failed_training_is_removed(tmp_path):
    with pytest.raises(ValueError, match='wrong'), sole_training(tmp_path / 'new' / 'work'):
        raise ValueError('wrong')
    assert os.listdir(tmp_path) == []


def test_a_file_system_without_locks_logs_a_warning(tmp_path, monkeypatch):
    def flock(*arguments):
        raise OSError(errno.ENOLCK, 'No locks available')

    messages = []
    monkeypatch.setattr(fcntl, 'flock', flock)
    monkeypatch.setattr(folder_lock, 'print_log', lambda text, **_: messages.append(text))
    with held_lock(tmp_path / 'a.lock', 'refused'):
        pass
    assert messages == [
        f'the file system of {tmp_path} has no locks: make sure that no other process writes to '
        'this folder'
    ]
