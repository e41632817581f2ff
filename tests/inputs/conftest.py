"""A checkpoint of a training, and harmful variants of it, as fixtures."""

import pytest
import torch
from mmengine.runner import CheckpointLoader

from npid_mm.engine.launch import build_runner
from tests.inputs.crafted_files import write_all
from tests.inputs.entry_points import small_config


@pytest.fixture(scope='session')
def trained(digits, tmp_path_factory):
    """Content of the checkpoint of a short training, without the optimizer's large state."""
    folder = tmp_path_factory.mktemp('trained')
    torch.set_num_threads(1)
    schemes = dict(CheckpointLoader._schemes)
    build_runner(small_config(digits, folder)).train()
    CheckpointLoader._schemes = schemes  # as other tests expect them
    content = torch.load(folder / 'epoch_1.pth', weights_only=True)
    content['optimizer']['state'].clear()
    return content


@pytest.fixture(scope='session')
def crafted(trained, tmp_path_factory):
    """All harmful files, and the folder with ``trace*`` and ``victim`` that they would change."""
    folder = tmp_path_factory.mktemp('crafted')
    for name in ('files', 'world/victim'):
        (folder / name).mkdir(parents=True)
    world = folder / 'world'
    (world / 'victim/keep.txt').write_text('keep')
    files = write_all(folder / 'files', trained, world / 'trace', world / 'victim')
    return files, world
