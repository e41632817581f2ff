"""The content of the wheel, and the `mim` commands that need it."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from npid_mm.checkpoints.hub import METAFILE, zoo_weights
from npid_mm.utils.paths import MIM
from tests.file_server import file_server
from tests.toy import DIGITS_CONFIG, ROOT

pytestmark = pytest.mark.slow

SHIPPED = ('configs', 'tools', 'model-index.yml')
MODEL = 'npid_resnet50_8xb32-steplr-200e_in1k'


def build(kind, source, folder):
    """Build a 'wheel' or an 'sdist' of a tree, without a network."""
    code = f'from setuptools import build_meta; build_meta.build_{kind}({str(folder)!r})'
    subprocess.run([sys.executable, '-c', code], cwd=source, check=True, capture_output=True)
    (archive,) = folder.iterdir()
    return archive


@pytest.fixture(scope='module')
def tree(tmp_path_factory):
    """Copy the sources, as a build leaves files there."""
    tree = tmp_path_factory.mktemp('tree')
    for name in ('setup.py', 'pyproject.toml', 'README.md', 'LICENSE', 'npid_mm', *SHIPPED):
        path = ROOT / name
        if path.is_dir():
            skip = shutil.ignore_patterns('__pycache__')
            shutil.copytree(path, tree / name, symlinks=True, ignore=skip)
        else:
            shutil.copy(path, tree)
    return tree


@pytest.fixture(scope='module')
def wheel(tree, tmp_path_factory):
    return build('wheel', tree, tmp_path_factory.mktemp('wheel'))


@pytest.fixture(scope='module')
def site(wheel, tmp_path_factory):
    """Unpack the wheel as pip does."""
    site = tmp_path_factory.mktemp('site')
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


@pytest.fixture
def mim(site, tmp_path, monkeypatch):
    """Run a mim command with the installed wheel; return its output."""

    def mim(*arguments):
        places = dict(PYTHONPATH=str(site), HOME=str(tmp_path), COLUMNS='300')
        ended = subprocess.run(
            [sys.executable, '-m', 'mim', *map(str, arguments)],
            cwd=tmp_path,
            env=os.environ | places | dict(OMP_NUM_THREADS='1', no_proxy='127.0.0.1'),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert ended.returncode == 0, ended.stdout
        return ended.stdout

    return mim


def names(archive):
    """Return the files in a wheel without its RECORD."""
    with zipfile.ZipFile(archive) as opened:
        return {name for name in opened.namelist() if not name.endswith('RECORD')}


def test_the_wheel_ships_all_configs_all_tools_and_the_index(wheel):
    """A file whose suffix setup.py does not name would be missing."""
    there = {ROOT / name for name in SHIPPED} | set((ROOT / 'configs').rglob('*'))
    there |= set((ROOT / 'tools').rglob('*'))
    files = {str(p.relative_to(ROOT)) for p in there if p.is_file() and p.suffix != '.pyc'}
    assert len(files) > 60
    prefix = 'npid_mm/.mim/'
    assert {n.removeprefix(prefix) for n in names(wheel) if n.startswith(prefix)} == files


def test_a_wheel_of_the_source_archive_is_the_same(tree, wheel, tmp_path):
    for name in ('sdist', 'unpacked', 'wheel'):
        (tmp_path / name).mkdir()
    shutil.unpack_archive(build('sdist', tree, tmp_path / 'sdist'), tmp_path / 'unpacked')
    (source,) = (tmp_path / 'unpacked').iterdir()
    assert names(build('wheel', source, tmp_path / 'wheel')) == names(wheel)


def test_the_tree_has_what_the_wheel_has():
    """In a clone or an editable install, links lead to configs and tools."""
    for name in SHIPPED:
        assert (MIM / name).resolve() == ROOT / name


def test_mim_trains_a_config_that_inherits_and_tests_one_by_its_name(mim, site, digits, tmp_path):
    base = DIGITS_CONFIG.relative_to(ROOT / 'configs')
    (tmp_path / 'mine.py').write_text(
        f"_base_ = 'npid_mm::{base}'\n"
        'train_cfg = dict(max_epochs=1)\n'
        'default_hooks = dict(checkpoint=dict(interval=1))\n'
    )
    options = [
        f'{each}.{setting}'
        for each in (
            'train_dataloader.dataset.dataset',
            'val_dataloader.dataset',
            'test_dataloader.dataset',
            'test_cfg.reference.dataset',
        )
        for setting in (f'data_root={digits}', 'indices=64')
    ]
    options += [f'{each}_dataloader.num_workers=0' for each in ('train', 'val', 'test')]
    options += ['test_cfg.reference.num_workers=0']
    text = mim('train', 'npid_mm', 'mine.py', '--work-dir', 'run', '--cfg-options', *options)
    assert 'Training finished successfully' in text
    checkpoint = tmp_path / 'run/epoch_1.pth'
    assert checkpoint.is_file()

    text = mim(
        'test', 'npid_mm', base.name, '--checkpoint', checkpoint, '--work-dir', 'run',
        '--out', 'metrics.json', '--cfg-options', *options,
    )  # fmt: skip
    assert f'will use {site}/npid_mm/.mim/configs/{base}' in text
    assert '"knn/top1_k10"' in (tmp_path / 'metrics.json').read_text()


def test_mim_downloads_weights_and_config(mim, site, tmp_path):
    """A local host replaces the published one in the installed index."""
    installed = site / METAFILE.relative_to(MIM.parent.parent)
    published = installed.read_text()
    url = zoo_weights()[MODEL]
    name = Path(url).name
    with file_server() as server:
        server.files[f'/{name}'] = b'weights'
        installed.write_text(published.replace(url, f'{server.url}/{name}'))
        try:
            mim('download', 'npid_mm', '--config', MODEL, '--dest', tmp_path / 'out')
        finally:
            installed.write_text(published)
    assert (tmp_path / 'out' / name).read_bytes() == b'weights'
    assert "type='NPID'" in (tmp_path / 'out' / f'{MODEL}.py').read_text()
