"""Digits on disk compared with scikit-learn's arrays."""

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from npid_mm.datasets import digits as module
from npid_mm.datasets import write_digits, write_scattered_digits


def write_few(folder, draw=None):
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
    def interrupt(folder, draw):
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

    def other_process_first(folder, draw):
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


def test_scattered_digits_are_whole_and_follow_the_seed(tmp_path, monkeypatch):
    """The ink of each is that of its digit times its scale squared, and its place varies."""
    data = load_digits()
    data.images, data.target = data.images[:200], data.target[:200]
    monkeypatch.setattr('sklearn.datasets.load_digits', lambda: data)

    def write(name, seed):
        root = write_scattered_digits(tmp_path / name, seed)
        files = sorted(root.glob('*/*/*.png'))
        return np.stack([np.asarray(Image.open(path), dtype=float) for path in files]), files

    images, files = write('first', 0)
    assert images.shape == (200, 48, 48) and len({path.parent.name for path in files}) == 10
    assert np.array_equal(images, write('again', 0)[0])
    assert not np.array_equal(images, write('other', 1)[0])

    plain = write_digits(tmp_path / 'plain')
    originals = [plain / path.relative_to(tmp_path / 'first') for path in files]
    ink = np.stack([np.asarray(Image.open(path), dtype=float) for path in originals])
    # a side of 20 pixels is scaled; 32 x 32 pixels have the plain digit
    scales = np.sqrt(images.sum((1, 2)) / ink.sum((1, 2))) * 32 / 20
    assert 0.65 < scales.min() < 0.8 and 1.4 < scales.max() < 1.55
    rows, columns = np.indices((48, 48))
    centers = [np.average(axis, weights=each) for each in images for axis in (rows, columns)]
    assert min(centers) < 14 and max(centers) > 34
