"""What the tests of the benchmarks on CIFAR-10 share."""

import importlib
import sys

import numpy as np
import pytest
from PIL import Image

from tests.toy import ROOT


@pytest.fixture(scope='module')
def script():
    """Import a script of benchmarks/, whose imports of each other go by their place."""
    before = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / 'benchmarks')
        yield importlib.import_module
    for name in set(sys.modules) - before:
        if str(ROOT / 'benchmarks') in (getattr(sys.modules[name], '__file__', None) or ''):
            del sys.modules[name]


@pytest.fixture
def tiny_cifar10(script, tmp_path, monkeypatch):
    """Write a folder of noise, and make the network of the scaled protocol smaller still."""
    random = np.random.default_rng(0)
    for split, count in (('train', 60), ('test', 3)):
        for label in '01':
            folder = tmp_path / 'cifar10' / split / label
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = random.integers(0, 256, (32, 32, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f'{number}.png')
    scaled = script('cifar10').SCALED
    backbone = dict(num_stages=2, strides=(2, 2), dilations=(1, 1), out_indices=(1,))
    for key, value in backbone.items():
        monkeypatch.setitem(scaled, f'model.backbone.{key}', value)
    monkeypatch.setitem(scaled, 'model.neck.in_channels', 32)
    return tmp_path / 'cifar10'
