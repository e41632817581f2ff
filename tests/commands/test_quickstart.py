"""tools/quickstart.py, shortened, on the digits and on folders of images."""

import os
import subprocess
import sys

import numpy as np
import pytest
from mmengine.fileio import load
from PIL import Image

from tests.toy import ROOT

pytestmark = pytest.mark.slow


def quickstart(work_dir, *arguments):
    return subprocess.run(
        [sys.executable, ROOT / 'tools/quickstart.py', '--work-dir', work_dir, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, 'OMP_NUM_THREADS': '1'},
        timeout=300,
    )


def size(path):
    with Image.open(path) as image:
        return image.size


def test_digits_are_trained_evaluated_and_drawn(tmp_path):
    done = quickstart(tmp_path, '--epochs', '2')
    assert done.returncode == 0, done.stderr
    figures = load(tmp_path / 'results.json')
    assert set(figures) == {
        'kNN, raw pixels',
        'kNN, untrained network',
        'kNN, NPID from the bank',
        'kNN, NPID recomputed',
        'linear probe, NPID',
    }
    # raw pixels do not depend on the training
    assert 0.35 < figures['kNN, raw pixels'] < 0.45
    assert 'interval' in done.stdout and 'has used no label' in ' '.join(done.stdout.split())
    assert 'eta' in done.stdout and 'top-1' in done.stdout
    assert min(size(tmp_path / 'neighbors.png')) > 500 and min(size(tmp_path / 'curve.png')) > 300


def test_the_test_loop_gives_the_accuracies_of_the_table(tmp_path):
    """Run tools/test.py on the checkpoint of a quickstart."""
    assert quickstart(tmp_path, '--epochs', '1').returncode == 0
    config = next(tmp_path.glob('*.py'))
    for reference, name in ((None, 'recomputed'), ('bank', 'from the bank')):
        options = ['test_cfg.k=10', *([f'test_cfg.reference={reference}'] if reference else [])]
        done = subprocess.run(
            [
                *(sys.executable, ROOT / 'tools/test.py', config, tmp_path / 'epoch_1.pth'),
                *('--work-dir', tmp_path / 'test', '--out', tmp_path / 'metrics.json'),
                *('--cfg-options', *options),
            ],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        ours = 100 * load(tmp_path / 'results.json')[f'kNN, NPID {name}']
        assert load(tmp_path / 'metrics.json')['knn/top1_k10'] == pytest.approx(ours)


def photographs(root, names):
    """Write colored noise of various sizes as JPEGs."""
    random = np.random.default_rng(0)
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 256, (random.integers(40, 90), 70, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
    return root


def test_a_flat_folder_trains_and_gets_its_pictures(tmp_path):
    data = photographs(tmp_path / 'my images', [f'{i}.jpg' for i in range(20)])
    done = quickstart(tmp_path / 'run', '--short', '--data', data)
    assert done.returncode == 0, done.stderr
    assert 'no classes' in done.stdout
    assert (tmp_path / 'run/neighbors.png').exists() and (tmp_path / 'run/curve.png').exists()
    assert not (tmp_path / 'run/results.json').exists()
    # lists and checkpoints of two sets of images would be mixed
    done = quickstart(tmp_path / 'run', '--short')
    assert done.returncode == 1 and 'Traceback' not in done.stderr
    assert f'run holds a run on the images of {data}, not of' in done.stderr
    assert not (tmp_path / 'run/scattered-digits').exists()


def test_class_folders_give_figures(tmp_path):
    """In a split with other names, linked, with what phones leave, and without worker processes."""
    names = [f'{cls}/{i}.jpg' for cls in ('red car', 'dog') for i in range(10)]
    data = photographs(tmp_path / 'data', [f'Training/{name}' for name in names])
    photographs(tmp_path / 'disk', names[::5])
    (data / 'valid').symlink_to(tmp_path / 'disk')
    for name in ('Training/dog/._0.jpg', '__MACOSX/0.jpg', 'Training/dog/1.PSD'):
        (data / name).parent.mkdir(exist_ok=True)
        (data / name).write_bytes(b'no image')
    workers = [f'{part}.num_workers=0' for part in ('train_dataloader', 'val_dataloader')]
    workers += ['test_cfg.reference.num_workers=0', 'train_dataloader.prefetch_factor=4']
    done = quickstart(
        *(tmp_path / 'run', '--short', '--data', data),
        *('--cfg-options', *workers),
    )
    assert done.returncode == 0, done.stderr
    assert (
        'train 20, held out 4, 2 classes (dog/, red car/); held out: valid/; '
        'passed over: 1 .psd, 1 __MACOSX/, 1 hidden\n'
    ) in done.stdout
    assert 'linear probe, NPID' in load(tmp_path / 'run/results.json')


def test_mistakes_are_told_in_a_line_before_the_training(tmp_path):
    (tmp_path / 'empty').mkdir()
    for arguments, message in (
        (('--data', tmp_path / 'empty'), f'no image in {tmp_path}/empty: looked'),
        (('--epochs', '0'), '--epochs must be at least 1, got 0'),
    ):
        done = quickstart(tmp_path / 'run', *arguments)
        assert done.returncode == 1 and done.stderr.startswith(f'error: {message}')
        assert done.stderr.count('\n') == 1 and not (tmp_path / 'run').exists()


def test_files_that_cannot_be_read_are_named_and_left_out(tmp_path):
    """One to train on, by its header; one held out, damaged where no header tells."""
    names = [f'{name}/{i:02}.png' for name in ('cat', 'dog') for i in range(15)]
    data = photographs(tmp_path / 'data', names)
    (data / 'cat/01.png').write_text('<html>403 Forbidden</html>')
    damaged = bytearray((data / 'dog/04.png').read_bytes())
    middle = damaged.index(b'IDAT') + 100
    damaged[middle : middle + 50] = bytes(50)
    (data / 'dog/04.png').write_bytes(damaged)
    done = quickstart(tmp_path / 'work', '--data', data, '--epochs', '1')
    assert done.returncode == 0, done.stderr
    text = ' '.join((done.stdout + done.stderr).split())
    assert 'cat/01.png: the file is not an image of a known format' in text
    assert 'dog/04.png: the ' in text
    assert 'unreadable images left out: 2' in text
    assert min(size(tmp_path / 'work/neighbors.png')) > 300
