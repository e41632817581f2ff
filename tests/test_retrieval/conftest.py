"""Fixtures of the tests of retrieval: an index of digits."""

import shutil

import pytest

from npid_mm.retrieval import build_index


@pytest.fixture(scope='session')
def images(digits):
    """The held-out digits in class folders."""
    return digits / 'val'


@pytest.fixture(scope='session')
def digits_index(digits_run, images, tmp_path_factory):
    """An index of the held-out digits; tests must not change it."""
    folder = tmp_path_factory.mktemp('index') / 'digits'
    index, unreadable = build_index(folder, *digits_run, images, num_workers=0)
    assert not unreadable
    return index


@pytest.fixture
def few(images, tmp_path):
    """Five digits of each of two classes."""
    folder = tmp_path / 'few'
    for name in ('3', '7'):
        (folder / name).mkdir(parents=True)
        for path in sorted((images / name).iterdir())[:5]:
            shutil.copy(path, folder / name)
    return folder
