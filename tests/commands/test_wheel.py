"""The installed wheel, in an empty folder: nothing comes from the source tree."""

import csv
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def environment(tmp_path_factory):
    """An environment with the wheel, which takes all dependencies from the present one."""
    folder = tmp_path_factory.mktemp('wheel')
    tree = folder / 'tree'
    skip = shutil.ignore_patterns(
        '.git', '.venv*', '__pycache__', 'work_dirs', 'build', '*.egg-info'
    )
    shutil.copytree(ROOT, tree, symlinks=True, ignore=skip)
    code = f'from setuptools import build_meta; build_meta.build_wheel({str(folder)!r})'
    subprocess.run([sys.executable, '-c', code], cwd=tree, check=True, capture_output=True)
    shutil.rmtree(tree)
    (wheel,) = folder.glob('*.whl')
    venv.create(folder / 'env', with_pip=True)
    (site,) = (folder / 'env/lib').glob('python*/site-packages')
    # a folder in a .pth file is searched, but its own .pth files, such as that of an editable
    # npid_mm, are not read
    (site / 'dependencies.pth').write_text(sysconfig.get_path('purelib'))
    install = [folder / 'env/bin/pip', 'install', '--quiet', '--no-deps', '--no-index', wheel]
    subprocess.run(install, check=True)
    return folder / 'env'


@pytest.fixture(scope='module')
def home(digits, tmp_path_factory):
    """A folder with 60 images and nothing else."""
    home = tmp_path_factory.mktemp('home')
    for name in '357':
        (home / 'images' / name).mkdir(parents=True)
        for path in sorted((digits / 'train' / name).iterdir())[:20]:
            shutil.copy(path, home / 'images' / name)
    return home


@pytest.fixture
def run(environment, home):
    """Run a program of the environment in the folder; return what it prints."""
    kept = {key: value for key, value in os.environ.items() if key != 'PYTHONPATH'}

    def run(*words):
        done = subprocess.run(
            [environment / 'bin' / words[0], *words[1:]],
            cwd=home,
            env=kept | dict(OMP_NUM_THREADS='1'),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout[-3000:]
        return done.stdout

    return run


def test_the_commands_work_one_after_the_other(run, home, environment):
    """Images in; a checkpoint, vectors, an index, a page of neighbors, a table and ONNX out."""
    place = run('python', '-c', 'import npid_mm; print(npid_mm.__file__)')
    assert place.startswith(str(environment))

    run('npid', 'train', 'images', '--model', 'resnet18-w16', '--epochs', '1', '--out', 'run')
    run('npid', 'embed', 'run', 'images', '--out', 'vectors.npz')
    vectors = np.load(home / 'vectors.npz')['vectors']
    assert len(vectors) == 60
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)

    run('npid', 'index', 'run', '--images', 'images', '--out', 'index')
    query = sorted((home / 'images/3').iterdir())[0]
    found = run('npid', 'search', 'index', query, '--html', 'page.html', '--k', '3')
    assert query.name in found
    assert '<html' in (home / 'page.html').read_text()[:200]

    run('npid', 'export', 'index', 'table.csv')
    with open(home / 'table.csv', newline='') as file:
        assert len(list(csv.reader(file))) == 61
    run('npid', 'export', 'run', 'encoder.onnx')
    assert (home / 'encoder.onnx').stat().st_size > 10_000


def test_a_shipped_config_is_found_by_its_name(run):
    """The wheel has the configs and their bases."""
    code = """
from npid_mm.config.read_config import read_config
from npid_mm.config.shipped import find_config
print(read_config(find_config('npid-exact_resnet50_8xb32-steplr-200e_in1k')).model.type)
"""
    assert run('python', '-W', 'ignore', '-c', code).splitlines()[-1] == 'NPID'


def test_the_quickstart_runs(run, home):
    """The command on the first screen of README.md."""
    shown = run('npid', 'quickstart', '--short')
    assert 'recomputed' in shown
    assert list(home.glob('work_dirs/*/neighbors.png'))


def test_doctor_finds_nothing_missing(run):
    assert 'npid' in run('npid', 'doctor')
