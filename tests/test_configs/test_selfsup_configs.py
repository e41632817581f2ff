"""Every pretraining config, trained, validated and saved on small data."""

import math

import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.registry import DATASETS, MODELS

from tests.shipped import shipped_config
from tests.test_configs.small_images import shrink_images
from tests.toy import ROOT, on_small_data

CONFIGS = sorted((ROOT / 'configs/selfsup').glob('[!_]*/*.py'))
PER_IMAGE = sorted((ROOT / 'configs/selfsup/_base_/datasets').glob('*_per-image.py'))
IMAGES = 4
SIDES = {224: 64, 256: 72}  # of images for networks that take any


def test_there_are_configs():
    """The globs match."""
    assert len(CONFIGS) >= 13 and len(PER_IMAGE) == 2


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
@pytest.mark.slow
def test_config_trains_validates_and_saves(path, roots, tmp_path):
    cfg = on_small_data(shipped_config(path), roots, tmp_path, IMAGES)
    if 'length' in cfg.model.head:
        cfg.model.head.length = IMAGES
    if cfg.model.backbone.type == 'ResNet':
        for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_cfg.reference):
            shrink_images(loader.dataset.get('dataset', loader.dataset), SIDES)
    if 'hid_channels' in cfg.model.neck:
        cfg.model.neck.hid_channels = 64  # 100 million weights less
    runner = Runner.from_cfg(cfg)
    runner.train()
    losses = runner.message_hub.get_scalar('train/loss').data[0]
    assert len(losses) == 2 and all(math.isfinite(loss) for loss in losses)
    state = torch.load(tmp_path / 'epoch_1.pth', weights_only=True)['state_dict']
    bank = state['memory_bank.feature_bank']
    assert bank.shape == (IMAGES, cfg.model.neck.out_channels)
    tolerance = {} if bank.dtype == torch.float32 else dict(atol=0.01, rtol=0)
    torch.testing.assert_close(bank.float().norm(dim=1), torch.ones(len(bank)), **tolerance)


@pytest.mark.parametrize('path', PER_IMAGE, ids=lambda path: path.stem)
def test_either_feed_gives_the_same_kind_of_batch(path, roots):
    """The base that selects the data feed does not change what the network is given."""
    init_default_scope('mmpretrain')
    shapes, scales = [], []
    for feed in (path, path.with_stem(path.stem.removesuffix('_per-image'))):
        cfg = shipped_config(feed)
        images = cfg.train_dataloader.dataset.dataset
        images.data_root = str(roots[images.type])
        loader = dict(cfg.train_dataloader, batch_size=8, num_workers=0)
        loader['collate_fn'] = dict(type='default_collate')
        loader = Runner.build_dataloader(loader, seed=0)
        preprocessor = MODELS.build(cfg.data_preprocessor)
        inputs = torch.cat([preprocessor(batch, True)['inputs'] for batch in loader][:4])
        shapes.append((inputs.shape[1:], inputs.dtype))
        scales.append(torch.stack([inputs.mean((0, 2, 3)), inputs.std((0, 2, 3))]))
    assert shapes[0] == shapes[1]
    # 32 gray images: means agree within a third of a deviation
    torch.testing.assert_close(*scales, atol=0.35, rtol=0)


def test_fraction_is_one_option(imagenet):
    """Training set sizes of the paper: every class keeps its share."""
    init_default_scope('mmpretrain')
    cfg = shipped_config(CONFIGS[0].with_stem('npid_resnet50_8xb32-steplr-200e_in1k'))
    cfg.merge_from_dict({'train_dataloader.dataset.fraction': 0.5})
    cfg.train_dataloader.dataset.dataset.data_root = str(imagenet)
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    labels = [dataset.get_data_info(i)['gt_label'] for i in range(len(dataset))]
    assert labels == [label for label in range(10) for _ in range(2)]


@pytest.mark.parametrize('dim', [32, 64, 256])
def test_embedding_size_is_one_option(dim):
    """Embedding sizes of the paper: bank and weights follow the neck."""
    init_default_scope('mmpretrain')
    for name, options in (
        ('npid-exact_resnet18_1xb128-steplr-200e_cifar10', {}),
        ('npid-parametric_resnet18_1xb128-steplr-200e_cifar10', {'model.head.length': 10}),
    ):
        cfg = shipped_config(CONFIGS[0].with_stem(name))
        cfg.merge_from_dict({'model.neck.out_channels': dim, **options})
        model = MODELS.build(cfg.model)
        model.memory_bank.set_length(10)
        assert model.memory_bank.feature_bank.shape == (10, dim)
        assert model.embed(torch.zeros(1, 3, 32, 32)).shape == (1, dim)
        if 'length' in cfg.model.head:
            assert model.head.weight.shape == (10, dim)
