"""Running tools in this process."""

import importlib.util
import runpy
import sys

import pytest

from tests.toy import ROOT


@pytest.fixture
def run(monkeypatch, capsys):
    """Run one of tools/dataset_converters; gives its exit code, and what it printed."""

    def run(tool, *arguments):
        path = str(ROOT / 'tools/dataset_converters' / tool)
        monkeypatch.setattr(sys, 'argv', [path, *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(path, run_name='__main__')
        return end.value.code, ''.join(capsys.readouterr())

    return run


@pytest.fixture
def benchmark(monkeypatch, capsys, tmp_path):
    """Module of tools/benchmark.py, in a folder of its own.

    ``benchmark.run(...)`` gives the exit status and what was printed.
    """
    spec = importlib.util.spec_from_file_location('benchmark_tool', ROOT / 'tools/benchmark.py')
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    monkeypatch.setenv('COLUMNS', '300')
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr('sys.argv', ['benchmark.py', *map(str, arguments)])
        capsys.readouterr()
        return tool.main(), capsys.readouterr().out

    tool.run = run
    return tool
