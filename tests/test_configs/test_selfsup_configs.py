"""Every pretraining config in the tree: built, stepped, validated and saved on small data."""

import math

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from tests.toy import ROOT, on_small_data

CONFIGS = sorted((ROOT / 'configs/selfsup').glob('[!_]*/*.py'))


def test_there_are_configs():
    """Guards against a glob that finds nothing."""
    assert len(CONFIGS) >= 2


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_config_trains_validates_and_saves(path, digits, tmp_path):
    cfg = on_small_data(Config.fromfile(path), digits, tmp_path)
    runner = Runner.from_cfg(cfg)
    runner.train()
    losses = runner.message_hub.get_scalar('train/loss').data[0]
    assert len(losses) == 2 and all(math.isfinite(loss) for loss in losses)
    state = torch.load(tmp_path / 'epoch_1.pth', weights_only=True)['state_dict']
    bank = state['memory_bank.feature_bank']
    assert len(bank) == len(runner.train_dataloader.dataset)
    torch.testing.assert_close(bank.float().norm(dim=1), torch.ones(len(bank)))


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_name_says_what_the_config_does(path):
    """algorithm_backbone_GPUSxbBATCH-schedule-epochs_dataset."""
    cfg = Config.fromfile(path)
    algorithm, backbone, training, data = path.stem.split('_')
    assert algorithm.startswith('npid') and backbone.startswith('resnet18') and data
    assert f'xb{cfg.train_dataloader.batch_size}-' in training
    assert training.endswith(f'-{cfg.train_cfg.max_epochs}e')
