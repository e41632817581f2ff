"""Tests of register_loader in a user's script with MMPretrain."""

import os

import pytest
import torch
from mmengine.runner import CheckpointLoader
from mmpretrain import FeatureExtractor, get_model
from mmpretrain.registry import MODELS

from npid_mm.checkpoints import register_loader
from tests.inputs.assembler import Call
from tests.toy import digits_config


@pytest.mark.slow
@pytest.mark.parametrize('load', [get_model, FeatureExtractor])
def test_the_registered_loader_executes_nothing(load, digits, tmp_path, monkeypatch):
    """MMEngine's own loader executes the file, see test_harmful_checkpoint.py."""
    cfg = digits_config(digits, tmp_path / 'work')
    cfg.model.memory_bank.length = 8
    state = MODELS.build(cfg.model).state_dict()
    state['backbone.conv1.weight'].fill_(0.5)
    harm = Call(os.system, f'touch {tmp_path / "trace"}')
    torch.save(dict(state_dict=state, extra=harm), tmp_path / 'harmful.pth')
    monkeypatch.setattr(CheckpointLoader, '_schemes', dict(CheckpointLoader._schemes))
    register_loader()
    model = load(cfg, pretrained=str(tmp_path / 'harmful.pth'))
    model = getattr(model, 'model', model)
    assert (model.backbone.conv1.weight == 0.5).all()
    assert not (tmp_path / 'trace').exists()
