"""Processes that load images, where Python starts them by importing the script again."""

import multiprocessing
import sys
from types import SimpleNamespace

import pytest
import torch
from mmengine.device import get_device

from npid_mm.api import processes

GUARDED = "if __name__ == '__main__':\n    pass\n"


@pytest.fixture
def script(tmp_path, monkeypatch):
    """Make a file the main module, in a Python that spawns processes."""
    monkeypatch.setattr(processes, 'start_method', lambda: 'spawn')

    def script(text):
        path = tmp_path / 'script.py'
        path.write_text(text)
        monkeypatch.setitem(sys.modules, '__main__', SimpleNamespace(__file__=str(path)))

    return script


def test_a_guarded_script_starts_processes(script):
    for text in (GUARDED, 'import sys\nif "__main__" == __name__: sys.exit()\n', 'not Python('):
        script(text)
        assert processes.worker_count(2) == 2


def test_a_script_without_guard_loads_in_its_own_process(script, monkeypatch):
    told = []
    monkeypatch.setattr(processes, 'print_log', lambda text, *_: told.append(text))
    script('x = 3\nif x: print(__name__)\n')
    assert processes.worker_count(2) == processes.worker_count(0) == 0
    assert told == [f'images are loaded without further processes: {processes.SCRIPT}']


def test_notebooks_and_forked_processes_need_no_guard(script, monkeypatch):
    script('x = 3')
    monkeypatch.delattr(sys.modules['__main__'], '__file__')
    assert processes.worker_count(2) == 2
    script('x = 3')
    monkeypatch.setattr(processes, 'start_method', lambda: 'fork')
    assert processes.worker_count(2) == 2


def test_a_process_that_imports_the_script_again_is_stopped(monkeypatch):
    process = SimpleNamespace(_inheriting=True)
    monkeypatch.setattr(multiprocessing, 'current_process', lambda: process)
    with pytest.raises(RuntimeError, match='put the calls of npid_mm in your script under if'):
        processes.refuse_in_worker()


def test_a_runner_computes_on_the_device_of_the_block():
    before = get_device()
    with processes.runner_device('meta'):
        assert get_device() == 'meta'
    assert get_device() == before
    for device in ('gpu', 'cuda:99', torch.int8):
        with pytest.raises(ValueError, match=f'use here, such as cpu, got {device}: '):
            with processes.runner_device(device):
                pass
