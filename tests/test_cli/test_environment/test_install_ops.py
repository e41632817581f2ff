"""tools/install_mmcv_ops.py with a stand-in for pip."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from npid_mm.cli.common.run_tool import run_tool
from npid_mm.cli.environment import install_ops as module

WHEEL = 'onedl_mmcv-2.3.6-cp311-cp311-linux_x86_64.whl'


@pytest.fixture
def tool(monkeypatch, tmp_path):
    """The command, which installs, compiles and loads nothing.

    ``tool.calls`` records the arguments of pip, ``tool.loading`` holds the next answers to whether
    the operators can be loaded, and ``tool.failing`` makes a compilation fail.
    """
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    monkeypatch.setenv('CFLAGS', '-DMINE=1')
    for name in ('FORCE_CUDA', 'TORCH_CUDA_ARCH_LIST', 'MAX_JOBS'):
        monkeypatch.delenv(name, raising=False)
    for name, value in dict(calls=[], loading=[False, True], failing=False).items():
        monkeypatch.setattr(module, name, value, raising=False)

    def run(command, env=None, capture_output=False):
        if '-c' in command:
            assert command[-1] == 'import npid_mm, mmcv._ext'
            return SimpleNamespace(returncode=0 if module.loading.pop(0) else 1)
        module.calls.append((command[command.index('--quiet') + 1 :], env))
        if '--wheel-dir' in command:
            (Path(command[command.index('--wheel-dir') + 1]) / WHEEL).write_bytes(b'compiled')
            return SimpleNamespace(returncode=int(module.failing))
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(subprocess, 'run', run)

    def call(*arguments):
        monkeypatch.setattr(sys, 'argv', ['install_mmcv_ops.py', *map(str, arguments)])
        return run_tool(module.main)

    monkeypatch.setattr(module, 'run', call, raising=False)
    return module


def test_the_wheel_is_compiled_once_and_cached(tool, tmp_path):
    assert tool.run() == 0
    (_, _), (compiled, environment), (installed, _) = tool.calls
    assert compiled[0] == 'wheel' and environment['MMCV_WITH_OPS'] == '1'
    assert environment['CFLAGS'] == '-DMINE=1 -O2 -DNDEBUG -fwrapv'
    (folder,) = (tmp_path / 'cache/npid_mm').iterdir()
    assert torch.__version__ in folder.name and '-cpu-' in folder.name
    assert [path.name for path in folder.iterdir()] == [WHEEL]
    install = ['install', '--no-deps', '--force-reinstall', str(folder / WHEEL)]
    assert installed == install
    tool.calls.clear()
    tool.loading = [False, True]
    assert tool.run() == 0
    assert [command for command, _ in tool.calls] == [install]


def test_wheels_for_the_cpu_and_for_each_set_of_gpus_are_cached_apart(tool, tmp_path, monkeypatch):
    assert tool.run() == 0
    for cards in ('8.0', '8.0;9.0'):
        monkeypatch.setenv('FORCE_CUDA', '1')
        monkeypatch.setenv('TORCH_CUDA_ARCH_LIST', cards)
        tool.loading = [False, True]
        tool.calls.clear()
        assert tool.run() == 0
        assert [command[0] for command, _ in tool.calls] == ['install', 'wheel', 'install']
    names = sorted(path.name for path in (tmp_path / 'cache/npid_mm').iterdir())
    assert [name.split('-')[2:4] for name in names] == [
        ['cpu', 'cp311'] if 'cpu' in name else [f'cuda{torch.version.cuda}', cards]
        for name, cards in zip(names, ('', '8.0', '8.0_9.0'), strict=True)
    ]


def test_a_failed_compilation_leaves_nothing(tool, tmp_path, capsys):
    tool.failing = True
    assert tool.run() == 1
    assert not (tmp_path / 'cache').exists()
    assert 'the compilation failed, see above. It needs a C++ compiler' in capsys.readouterr().err


def test_a_given_wheel_is_installed_without_compiling(tool, tmp_path):
    (tmp_path / WHEEL).touch()
    tool.loading = [True]
    assert tool.run('--wheel', tmp_path / WHEEL) == 0
    ((command, _),) = tool.calls
    assert command[-1] == str(tmp_path / WHEEL)


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        (
            'mmcv-2.1.0-cp311-cp311-manylinux1_x86_64.whl',
            'must be a wheel of onedl-mmcv, got one of',
        ),
        ('onedl-mmcv.tar.gz', '--wheel must be a wheel of onedl-mmcv: Invalid wheel filename'),
    ],
)
def test_other_files_are_refused(tool, tmp_path, capsys, name, message):
    (tmp_path / name).touch()
    assert tool.run('--wheel', tmp_path / name) == 1 and tool.calls == []
    assert message in capsys.readouterr().err


def test_a_wheel_for_another_torch_is_reported(tool, tmp_path, capsys):
    (tmp_path / WHEEL).touch()
    tool.loading = [False]
    assert tool.run('--wheel', tmp_path / WHEEL) == 1
    assert 'it was compiled for another torch version' in capsys.readouterr().err


def test_operators_that_do_not_load_are_replaced(tool):
    """They stop loading after an upgrade of torch."""
    tool.loading = [False, True]
    assert tool.run() == 0 and tool.calls


def test_operators_that_load_are_kept(tool, capsys):
    tool.loading = [True]
    assert tool.run() == 0 and tool.calls == []
    assert 'already installed' in capsys.readouterr().out


def test_an_environment_without_onedl_mmcv_is_refused(tool, monkeypatch, capsys):
    monkeypatch.setattr(tool, 'MMCV', 'no-such-mmcv')
    assert tool.run() == 1 and tool.calls == []
    assert 'no-such-mmcv is not installed, and only it can be compiled' in capsys.readouterr().err
