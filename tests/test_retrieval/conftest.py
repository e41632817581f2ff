"""An index of digits."""

import pytest

from npid_mm.retrieval import build_index


@pytest.fixture(scope='session')
def images(digits):
    """The held-out digits in class folders."""
    return digits / 'val'


@pytest.fixture(scope='session')
def digits_index(digits_run, images, tmp_path_factory):
    """An index of the held-out digits, not to be changed."""
    folder = tmp_path_factory.mktemp('index') / 'digits'
    index, unreadable = build_index(folder, *digits_run, images, num_workers=0)
    assert not unreadable
    return index
