"""Small data sets in the layout of the real ones."""

import pickle

import numpy as np
import pytest
from mmpretrain.datasets import CIFAR10
from PIL import Image


@pytest.fixture
def cifar10(digits, tmp_path, monkeypatch):
    """The digits as the files of CIFAR-10; their checksums are not verified."""
    monkeypatch.setattr(CIFAR10, '_check_integrity', lambda self: True)
    folder = tmp_path / 'cifar10' / CIFAR10.base_folder
    folder.mkdir(parents=True)
    names = [name for name, _ in CIFAR10.train_list + CIFAR10.test_list]
    for number, name in enumerate(names):
        images, labels = [], []
        for label in range(10):
            for source in sorted((digits / 'train' / str(label)).iterdir())[2 * number :][:2]:
                with Image.open(source) as image:
                    images.append(np.asarray(image.convert('RGB')).transpose(2, 0, 1).ravel())
                labels.append(label)
        batch = dict(data=np.stack(images), labels=labels)
        (folder / name).write_bytes(pickle.dumps(batch))
    meta = dict(label_names=[str(label) for label in range(10)])
    (folder / CIFAR10.meta['filename']).write_bytes(pickle.dumps(meta))
    return tmp_path / 'cifar10'


@pytest.fixture
def cifar10_images(digits, tmp_path):
    """The digits in the folders of CIFAR-10 as image files."""
    root = tmp_path / 'cifar10-images'
    root.mkdir()
    for name, source in (('train', 'train'), ('test', 'val')):
        (root / name).symlink_to(digits / source)
    return root


@pytest.fixture
def roots(digits, imagenet, cifar10, cifar10_images):
    """Folders of the small data sets, by type, or by folder name where a type has two."""
    named = {cifar10_images.name: cifar10_images}
    return dict(CustomDataset=digits, ImageNet=imagenet, CIFAR10=cifar10, **named)
