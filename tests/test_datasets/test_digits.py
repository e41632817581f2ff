"""Digits on disk compared with scikit-learn's arrays."""

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from npid_mm.datasets import digits as module
from npid_mm.datasets import write_digits


def write_few(folder):
    """Stands for the images, whose writing takes a second."""
    for split in ('train', 'val'):
        (folder / split).mkdir(parents=True)


def test_every_image_is_in_one_split(digits):
    """1,797 images, every fifth of each class held out, all ten classes in both splits."""
    files = {}
    for split in ('train', 'val'):
        folder = digits / split
        assert sorted(path.name for path in folder.iterdir()) == list('0123456789')
        files[split] = {path.relative_to(folder).as_posix() for path in folder.glob('*/*')}
    assert len(files['val']) == sum(np.bincount(load_digits().target) // 5)
    assert len(files['train']) + len(files['val']) == 1797
    assert files['train'].isdisjoint(files['val'])
    assert '0/0005.png' in files['val'] and '0/0004.png' in files['train']


def test_pixels_are_scikit_learns(digits):
    """Each shrunk image is nearest to its own original, and values use the full range."""
    data, seen = load_digits(), [0] * 10
    originals = data.images * 255 / 16
    for i, label in enumerate(data.target[:200]):
        seen[label] += 1
        split = 'val' if seen[label] % 5 == 0 else 'train'
        with Image.open(digits / split / str(label) / f'{seen[label]:04d}.png') as image:
            assert (image.size, image.mode) == ((32, 32), 'L')
            assert image.getextrema()[0] == 0 and image.getextrema()[1] > 220
            small = np.asarray(image.resize((8, 8), Image.Resampling.BOX), dtype=float)
        error = np.abs(small - originals).mean(axis=(1, 2))
        assert error.argmin() == i and error[i] < 20


def test_an_existing_folder_is_kept(tmp_path):
    write_few(tmp_path)
    (tmp_path / 'train/mine.png').touch()
    assert write_digits(str(tmp_path)) == tmp_path
    assert [path.name for path in (tmp_path / 'train').iterdir()] == ['mine.png']


def test_an_interrupted_run_leaves_nothing_and_the_next_one_succeeds(tmp_path, monkeypatch):
    def interrupt(folder):
        (folder / 'train').mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr(module, '_write_images', interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_digits(tmp_path / 'deeper/digits')
    assert not list((tmp_path / 'deeper').iterdir())

    (tmp_path / 'deeper/.digits-killed/train').mkdir(parents=True)  # left by a killed process
    monkeypatch.setattr(module, '_write_images', write_few)
    root = write_digits(tmp_path / 'deeper/digits')
    assert sorted(path.name for path in root.iterdir()) == ['train', 'val']


def test_a_faster_process_wins(tmp_path, monkeypatch):
    """Of two processes that write at once, the second uses the folder of the first."""

    def other_process_first(folder):
        (folder / 'train').mkdir()
        (tmp_path / 'digits' / 'train').mkdir(parents=True)

    monkeypatch.setattr(module, '_write_images', other_process_first)
    assert write_digits(tmp_path / 'digits') == tmp_path / 'digits'
    assert [path.name for path in tmp_path.iterdir()] == ['digits']


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / 'photo.jpg').touch()
    with pytest.raises(FileExistsError, match='root must be a new folder'):
        write_digits(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ['photo.jpg']
