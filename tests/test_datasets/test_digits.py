"""Digits on disk compared with scikit-learn's arrays."""

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from npid_mm.datasets import digits as module
from npid_mm.datasets import write_digits


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """One copy for the tests that only read."""
    return write_digits(tmp_path_factory.mktemp('data') / 'deeper' / 'digits')


def files(root, split):
    return sorted(path.relative_to(root / split).as_posix() for path in root.glob(f'{split}/*/*'))


def test_every_image_is_in_one_split(root):
    """1,797 images, every fifth of each class held out, all ten classes in both splits."""
    train, val = files(root, 'train'), files(root, 'val')
    counts = np.bincount(load_digits().target)
    assert len(val) == sum(counts // 5)
    assert len(train) + len(val) == 1797
    assert not set(train) & set(val)
    for split in ('train', 'val'):
        assert sorted(path.name for path in (root / split).iterdir()) == list('0123456789')
    assert '0/0005.png' in val and '0/0004.png' in train
    assert sorted(path.name for path in root.iterdir()) == ['train', 'val']
    assert [path.name for path in root.parent.iterdir()] == ['digits']
    with Image.open(root / 'train' / '0' / '0001.png') as image:
        assert image.getextrema()[0] == 0 and image.getextrema()[1] > 220  # the full range


def test_pixels_are_scikit_learns(root):
    """Each shrunk image is nearest to its own original."""
    data, seen = load_digits(), [0] * 10
    originals = data.images * 255 / 16
    for i, label in enumerate(data.target[:200]):
        seen[label] += 1
        split = 'val' if seen[label] % 5 == 0 else 'train'
        with Image.open(root / split / str(label) / f'{seen[label]:04d}.png') as image:
            assert (image.size, image.mode) == ((32, 32), 'L')
            small = np.asarray(image.resize((8, 8), Image.Resampling.BOX), dtype=float)
        error = np.abs(small - originals).mean(axis=(1, 2))
        assert error.argmin() == i and error[i] < 20


def test_second_call_leaves_the_folder_alone(tmp_path):
    root = write_digits(tmp_path / 'digits')
    marker = root / 'train' / '3' / '0001.png'
    marker.write_bytes(b'mine')
    assert write_digits(str(root)) == root
    assert marker.read_bytes() == b'mine'


def test_an_interrupted_run_leaves_nothing_and_the_next_one_succeeds(tmp_path, monkeypatch):

    def interrupt(folder):
        (folder / 'train').mkdir()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, '_write_images', interrupt)
        with pytest.raises(KeyboardInterrupt):
            write_digits(tmp_path / 'digits')
    assert not list(tmp_path.iterdir())

    # leftovers of a killed process are harmless
    (tmp_path / '.digits-killed' / 'train').mkdir(parents=True)
    assert len(files(write_digits(tmp_path / 'digits'), 'train')) > 1400


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
