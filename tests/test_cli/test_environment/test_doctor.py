"""The report on an environment, also on one that lacks packages."""

import subprocess
import sys

from npid_mm.cli.environment import doctor, findings
from npid_mm.cli.environment.doctor import main
from tests.toy import ROOT

# in a process without torch and the frameworks, as far as an import can tell
WITHOUT = """
import importlib.metadata, sys
for name in ('torch', 'torchvision', 'numpy'):
    sys.modules[name] = None
found = importlib.metadata.version
def version(name):
    if name in ('torch', 'onedl-mmengine'):
        raise importlib.metadata.PackageNotFoundError(name)
    return found(name)
importlib.metadata.version = version
from npid_mm.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def run_without_torch(*words):
    """Run a command of npid."""
    command = [sys.executable, '-c', WITHOUT, *words]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_whole_environment(capsys):
    assert main([]) == 0
    out = capsys.readouterr().out
    assert 'A training can run here.' in out and '! ' not in out
    for text in ('npid-mm ', 'torch ', 'these versions are known to work', 'CPU ', 'cores, '):
        assert text in out


def test_an_environment_without_torch():
    """It is reported as wrong, with what to type, and everything else is still shown."""
    done = run_without_torch('doctor')
    assert (done.returncode, done.stderr) == (1, '')
    lines = done.stdout.splitlines()
    assert (
        '! together              npid_mm cannot be used here: torch is not installed.'
        in done.stdout
    )
    assert "-> Allowed: torch>=2.4,<3. Type: pip install 'npid-mm[onedl]'" in done.stdout
    assert any(line.startswith('  ! GPU') and 'torch cannot be imported' in line for line in lines)
    assert any(line.startswith('    browser page') for line in lines)
    assert lines[-1].startswith('A training cannot run here, see: ')


def test_other_commands_say_what_to_install():
    """Also one that imports torch before a framework."""
    done = run_without_torch('quickstart', '--short')
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr.endswith(
        "torch is not installed. Allowed: torch>=2.4,<3. Type: pip install 'npid-mm[onedl]'\n"
    )


def test_what_is_missing_is_named_with_the_command(monkeypatch, capsys):
    finder = findings.PathFinder.find_spec
    monkeypatch.setattr(
        findings.PathFinder,
        'find_spec',
        lambda name, path=None: None if name in ('faiss', 'umap') else finder(name, path),
    )
    monkeypatch.setattr('npid_mm.images.jpeg._library', lambda: None)
    monkeypatch.setattr(doctor, 'SECTIONS', {'Fast paths': findings.fast_paths})
    assert main([]) == 0
    out = capsys.readouterr().out
    for extra in ('search', 'pictures', 'fast-jpeg'):
        assert f"-> pip install 'npid-mm[{extra}]'" in out


def test_a_missing_or_old_requirement_is_wrong(monkeypatch):
    lines = ['kornia>=999', 'no-such-package', 'umap-learn>=999; extra == "pictures"']
    monkeypatch.setattr(findings, 'requires', lambda name: lines)
    found = [(each.name, each.advice) for each in findings.versions() if each.wrong]
    assert found == [
        ('kornia', 'pip install "kornia>=999"'),
        ('no-such-package', 'pip install "no-such-package"'),
    ]


def test_names_that_clash_are_shown(monkeypatch):
    both = {**findings.installed_versions(), 'turbojpeg': '0.0.2', 'PyTurboJPEG': '2.6.1'}
    monkeypatch.setattr(findings, 'installed_versions', lambda: both)
    assert any('turbojpeg 0.0.2 and PyTurboJPEG' in each.text for each in findings.versions())


def test_every_extra_in_the_advice_exists():
    setup = (ROOT / 'setup.py').read_text()
    assert all(f"'{extra}': " in setup for extra in ('fast-jpeg', 'search', 'convert', 'pictures'))
