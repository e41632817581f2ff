"""Configs that inherit from this package by its name."""

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from npid_mm.models import NPID
from tests.toy import on_small_data

CONFIG = """
_base_ = 'npid_mm::selfsup/npid/npid-exact_resnet18-w16_1xb32-coslr-60e_digits.py'

pipeline = _base_.train_pipeline
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=[pipeline[0], *pipeline[1:]])))
model = _base_.model
model.neck.out_channels = 8
default_hooks = _base_.default_hooks
optim_wrapper = _base_.optim_wrapper
"""


@pytest.mark.slow
def test_settings_of_a_base_are_built_without_a_complaint(digits, tmp_path, capfd):
    """MMEngine marks them with the scope npid_mm, and warns where it finds no such registries."""
    path = tmp_path / 'mine.py'
    path.write_text(CONFIG)
    cfg = Config.fromfile(path)
    assert cfg.model._scope_ == cfg.pipeline[0]._scope_ == 'npid_mm'
    runner = Runner.from_cfg(on_small_data(cfg, {'CustomDataset': digits}, tmp_path / 'run'))
    runner.train()
    assert isinstance(runner.model, NPID)
    assert runner.model.memory_bank.feature_bank.shape == (64, 8)
    assert 'npid_mm' not in ''.join(capfd.readouterr())
