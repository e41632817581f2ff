"""Run tools in this process."""

import runpy
import sys

import pytest

from tests.toy import ROOT


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a tool by its path from tools/dataset_converters; return exit status and output."""

    def run(tool, *arguments):
        path = str(ROOT / 'tools/dataset_converters' / tool)
        monkeypatch.setattr(sys, 'argv', [path, *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(path, run_name='__main__')
        return end.value.code, ''.join(capsys.readouterr())

    return run
