"""A short training on 60 digits, which the tests of the Python interface share."""

import shutil

import pytest

import npid_mm

# the smallest network, three steps per epoch, and a checkpoint of each epoch
SETTINGS = {
    'model': 'resnet18-w16',
    'epochs': 2,
    'batch_size': 20,
    'workers': 0,
    'seed': 1,
    'image_size': 16,
    'default_hooks.checkpoint.interval': 1,
}


@pytest.fixture(scope='session')
def photographs(digits, tmp_path_factory):
    """Sixty digits of four classes, in a folder for each."""
    folder = tmp_path_factory.mktemp('images')
    for name in '0123':
        (folder / name).mkdir()
        for path in sorted((digits / 'train' / name).glob('*.png'))[:15]:
            shutil.copy(path, folder / name)
    return folder


@pytest.fixture(scope='session')
def trained(photographs, tmp_path_factory):
    """Train on the photographs."""
    out = tmp_path_factory.mktemp('trained') / 'run'
    return npid_mm.pretrain(photographs, out, **SETTINGS)
