"""A network, its checkpoint and an index of digits."""

import pytest
import torch
from mmpretrain.registry import MODELS

from npid_mm.retrieval import build_index
from tests.toy import digits_config


@pytest.fixture(scope='session')
def digits_run(digits, tmp_path_factory):
    """Config and checkpoint of an untrained NPID for the digits."""
    folder = tmp_path_factory.mktemp('run')
    cfg = digits_config(digits, folder)
    torch.manual_seed(1)
    model = MODELS.build({'data_preprocessor': cfg.model.data_preprocessor, **cfg.model})
    model.init_weights()
    torch.save({'state_dict': model.state_dict(), 'meta': {}}, folder / 'epoch_1.pth')
    return cfg, str(folder / 'epoch_1.pth')


@pytest.fixture(scope='session')
def other_run(digits_run, tmp_path_factory):
    """Checkpoint of the same network with one weight changed a little."""
    content = torch.load(digits_run[1], weights_only=True)
    content['state_dict']['neck.fc.bias'][3] += 1e-3
    path = tmp_path_factory.mktemp('other') / 'epoch_1.pth'
    torch.save(content, path)
    return str(path)


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
