"""The table of the commands of ``npid``, and its help."""

import re
import subprocess
import sys

import pytest

from npid_mm.cli.main import COMMANDS, GROUPS, main
from npid_mm.version import __version__
from tests.toy import ROOT


def test_help_imports_no_framework():
    """In one process: of npid, of a group, of a search, and after an unknown command."""
    code = """
import sys
from npid_mm.cli.main import main
print([main(words) for words in (['--help'], ['draw', '--help'], ['trian'])])
try:
    main(['search', '--help'])
except SystemExit as end:
    print(end.code)
print({'torch', 'mmengine', 'mmcv', 'mmpretrain'} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert '[0, 0, 1]' in done.stdout
    assert done.stdout.splitlines()[-2:] == ['0', 'set()'], done.stderr


def test_every_command_is_in_the_help(capsys):
    assert main([]) == 0
    overview = capsys.readouterr().out
    for group in GROUPS:
        assert main([group, '--help']) == 0
    below = capsys.readouterr().out
    for name, (_, about) in COMMANDS.items():
        group, _, word = name.rpartition(' ')
        assert f'  {word} ' in (below if group else overview) and about in overview + below
    assert all(f'  {name} ' in overview for name in GROUPS)
    assert main(['--version']) == 0 and capsys.readouterr().out == f'npid-mm {__version__}\n'


def test_the_page_lists_every_command():
    page = (ROOT / 'docs/commands.md').read_text()
    assert [name for name in COMMANDS if f'`npid {name}' not in page] == ['retrieve']
    tools = {str(path.relative_to(ROOT)) for path in (ROOT / 'tools').rglob('*.py')}
    assert [tool for tool in tools if f'`{tool}' not in page] == []


@pytest.mark.parametrize(
    ('words', 'error'),
    [
        (['trian'], "^error: npid needs one of .*, got 'trian'; did you mean train?"),
        (['--debg'], "^error: npid needs one of .*, got '--debg'$"),
        (['draw'], '^error: npid draw needs one of .* class-accuracy, got no command$'),
        (['draw', 'curvs'], "got 'curvs'; did you mean curves?"),
        (['convert', 'model.pth', 'out.pth'], "npid convert needs one of .* got 'model.pth'"),
    ],
)
def test_an_unknown_command_is_reported_in_a_line(words, error, capsys, monkeypatch):
    monkeypatch.setattr(sys, 'argv', ['npid'])
    assert main(words) == 1
    line = capsys.readouterr().err.removesuffix('\n')
    assert '\n' not in line
    assert re.search(error.replace('?', '[?]'), line)
