"""tools/retrieve.py: index, search and page."""

import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch
from mmpretrain.registry import MODELS

from npid_mm.retrieval import FeatureIndex, approximate, build
from tests.chromium import browse
from tests.toy import ROOT, digits_config

pytestmark = pytest.mark.slow

TOOL = ROOT / 'tools/retrieve.py'


@pytest.fixture(scope='module')
def run_files(digits, tmp_path_factory):
    """Write config file and checkpoint of an untrained network."""
    folder = tmp_path_factory.mktemp('run')
    cfg = digits_config(digits, folder)
    cfg.dump(folder / 'config.py')
    torch.save({'state_dict': MODELS.build(cfg.model).state_dict()}, folder / 'epoch_1.pth')
    return folder / 'config.py', folder / 'epoch_1.pth'


@pytest.fixture
def retrieve(monkeypatch, capsys):
    """Run the tool in this process; return its exit status, stdout and stderr."""

    def retrieve(*arguments):
        monkeypatch.setattr(sys, 'argv', [str(TOOL), *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(TOOL), run_name='__main__')
        return end.value.code, *capsys.readouterr()

    return retrieve


def index_command(run_files, images, out):
    return ['index', *run_files, '--images', images, '--out', out, '--workers', 0]


def test_a_folder_is_indexed_searched_and_shown(retrieve, run_files, digits, tmp_path, monkeypatch):
    """The page shows the printed results, from any working directory."""
    code, out, _ = retrieve(*index_command(run_files, digits / 'val', tmp_path / 'index'))
    assert code == 0 and f'{tmp_path}/index: 355 images, 10 classes, D = 16' in out
    monkeypatch.chdir(tmp_path)
    queries = [digits / f'train/{c}/0001.png' for c in (0, 1)]
    page = tmp_path / 'page.html'
    code, out, _ = retrieve(
        'search', 'index', *queries, '--top', 5, '--html', page, '--page-images', 60
    )
    assert code == 0 and out.endswith(f'Look at {page}\n')
    printed = re.findall(r'^ +(\d)  (-?\d\.\d{4})  (\S+)  \((\d)\)$', out, re.MULTILINE)
    assert [int(rank) for rank, *_ in printed] == [1, 2, 3, 4, 5] * 2
    assert all(path.split('/')[-2] == label for _, _, path, label in printed)
    captions = '[...document.querySelectorAll(".found .image")].map((each) => each.innerText)'
    shown, count = browse(
        page,
        1400,
        ('read', captions),
        ('click', 'nav a[href="#images"]'),
        ('until', 'document.querySelector(".gallery") !== null'),
        ('read', 'document.querySelectorAll(".gallery .image").length'),
    )
    similarities, classes = zip(*(each.split('\n') for each in shown), strict=True)
    # with three digits or four
    expected = [float(value) for _, value, _, _ in printed]
    assert [float(each) for each in similarities] == pytest.approx(expected, abs=6e-4)
    assert list(classes) == [label for *_, label in printed]
    assert count == 60


def test_a_killed_build_is_finished_by_the_same_command(retrieve, run_files, digits, tmp_path):
    """After SIGKILL behind the first block, no image is in the index twice.

    Until then, no other process may write to the index.
    """
    images = digits / 'train'
    command = [sys.executable, TOOL, *index_command(run_files, images, tmp_path / 'index')]
    command = [*map(str, command), '--batch-size', '16']
    environment = {**os.environ, 'OMP_NUM_THREADS': '1'}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    while not (tmp_path / 'index/index.json').exists() and process.poll() is None:
        time.sleep(0.01)
    while process.poll() is None and not len(FeatureIndex(tmp_path / 'index')):
        time.sleep(0.01)
    process.send_signal(signal.SIGSTOP)
    code, _, err = retrieve(*command[2:])
    assert code == 1
    assert err.startswith(f'error: another process is writing to the index {tmp_path}/index: wait')
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = FeatureIndex(tmp_path / 'index')
    assert process.returncode == -signal.SIGKILL and build.BLOCK <= len(kept) < 1442
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    index = FeatureIndex(tmp_path / 'index')
    assert torch.equal(index.rows[: len(kept)], kept.rows)
    paths = [entry.path for entry in index.entries()]
    assert len(set(paths)) == len(paths) == 1442 == len(list(images.rglob('*.png')))


def test_bad_images_and_queries_are_named_and_the_others_processed(
    retrieve, run_files, digits, tmp_path
):
    images = tmp_path / 'images'
    shutil.copytree(digits / 'val/3', images)
    (images / 'bad.jpg').write_bytes(b'no image')
    code, out, err = retrieve(*index_command(run_files, images, tmp_path / 'index'))
    count = len(list(images.iterdir())) - 1
    assert code == 0 and f'{count} images, no classes' in out
    assert f'left out, cannot be read: {images}/bad.jpg: ' in err
    good = digits / 'train/3/0001.png'
    code, out, err = retrieve('search', tmp_path / 'index', images / 'bad.jpg', good, '--top', 2)
    assert code == 1 and f'cannot read {images}/bad.jpg' in err
    assert str(good) in out and len(re.findall(r'^ +\d  ', out, re.MULTILINE)) == 2


def test_names_that_are_not_utf8_are_indexed_searched_and_shown(
    retrieve, run_files, digits, tmp_path
):
    """An ambiguous layout of folders gives no classes, and a message."""
    names = [b'gr\xfcn/1.png', b'gr\xfcn/two\nlines.png', b'red/3.png', b'4.png']
    paths = [os.path.join(os.fsencode(tmp_path / 'images'), name) for name in names]
    for path, image in zip(paths, sorted((digits / 'val/3').iterdir()), strict=False):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy(image, path)
    code, out, _ = retrieve(*index_command(run_files, tmp_path / 'images', tmp_path / 'index'))
    assert code == 0 and '4 images, no classes' in out
    assert (
        r'no classes: 1 of the images in the folder lie outside the class folders gr\xfcn/' in out
    )
    page = tmp_path / os.fsdecode(b'b\xfccher.html')
    code, out, _ = retrieve('search', tmp_path / 'index', os.fsdecode(paths[0]), '--html', page)
    assert code == 0 and page.is_file()
    assert rf'{tmp_path}/images/gr\xfcn/two\nlines.png' in out
    assert len(re.findall(r'^ +\d  ', out, re.MULTILINE)) == 3


def test_an_interrupted_build_says_how_to_resume(
    retrieve, run_files, digits, tmp_path, monkeypatch
):
    def stop(*_):
        raise KeyboardInterrupt

    command = index_command(run_files, digits / 'val/3', tmp_path / 'index')
    with monkeypatch.context() as patch:
        patch.setattr(FeatureIndex, 'append', stop)
        code, _, err = retrieve(*command)
    message = 'interrupted: the finished part is kept; repeat the command to resume\n'
    assert (code, err) == (130, message)
    assert retrieve(*command)[0] == 0


def test_an_index_whose_path_is_not_utf8_is_refused(retrieve, run_files, digits, tmp_path):
    image, odd = digits / 'val/3', tmp_path / os.fsdecode(b'gr\xfcn')
    for command, message in (
        (index_command(run_files, image, odd), 'the index must have a path in UTF-8'),
        (['search', odd, image], 'the index must have a path in UTF-8'),
    ):
        code, _, err = retrieve(*command)
        assert code == 1 and err.startswith(f'error: {message}') and err.count('\n') == 1
    assert not odd.exists()


def test_an_index_of_another_model_is_refused_by_both_commands(
    retrieve, run_files, digits, tmp_path
):
    config, checkpoint = run_files
    other = tmp_path / 'other.pth'
    content = torch.load(checkpoint, weights_only=True)
    content['state_dict']['neck.fc.bias'] += 1
    torch.save(content, other)
    index, images = tmp_path / 'index', digits / 'val/3'
    assert retrieve(*index_command(run_files, images, index))[0] == 0
    for command in (
        index_command((config, other), digits / 'val/4', index),
        ['search', index, images, '--checkpoint', other],
    ):
        code, _, err = retrieve(*command)
        assert code == 1 and err.startswith(f'error: {index} is an index of another network')


def test_approximate_search_prints_its_recall(retrieve, run_files, digits, tmp_path, monkeypatch):
    monkeypatch.setattr(approximate, 'MIN_ROWS', 100)
    monkeypatch.setattr(approximate, 'TRAINING_ROWS', 4)
    retrieve(*index_command(run_files, digits / 'val', tmp_path / 'index'))
    code, out, _ = retrieve('approximate', tmp_path / 'index')
    stated = re.search(r'(\d+) of 75 lists give a recall of (\d\.\d{3}) for K = 10, over 355', out)
    assert code == 0 and float(stated[2]) >= approximate.TARGET
    query = digits / 'train/3/0001.png'
    code, out, _ = retrieve('search', tmp_path / 'index', query, '--approximate')
    assert code == 0 and f'approximate search: recall {stated[2]}' in out
