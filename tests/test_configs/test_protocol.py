"""Resolved pretraining configs against the published recipes.

Sources: the paper (1805.01978, section 4), the authors' code and MMSelfSup 1.0.0's config.
"""

import re

import pytest
from mmengine.config import Config

from tests.toy import ROOT

CONFIGS = ROOT / 'configs/selfsup/npid'
IN1K = '8xb32-steplr-200e_in1k'
CIFAR = 'resnet18_1xb128-steplr-200e_cifar10'
EVERY_IN1K = [
    f'{algorithm}_{IN1K}'
    for algorithm in (
        'npid_resnet50',
        'npid-ensure-neg_resnet50',
        'npid-exact_resnet50',
        'npid-nce4096_resnet50',
        'npid-nce4096-proximal_resnet50',
        'npid-nce4096_resnet18',
        'npid-nce4096_alexnet',
        'npid-nce4096_vgg16',
    )
]
EVERY_CIFAR = [f'{algorithm}_{CIFAR}' for algorithm in ('npid', 'npid-nce4096', 'npid-parametric')]

SMALL = 'npid-exact_resnet18-w24_1xb128-coslr-100e_cifar10'
SMALL_CIFAR = [SMALL, f'{SMALL}-images']


def load(name: str) -> Config:
    return Config.fromfile(CONFIGS / f'{name}.py')


def test_every_config_of_a_data_set_is_pinned():
    """A new config has to say here what it follows."""
    found = {path.stem for path in CONFIGS.glob('*.py') if re.search('in1k|cifar10', path.stem)}
    assert found == {*EVERY_IN1K, *EVERY_CIFAR, *SMALL_CIFAR}


def test_small_cifar10_recipe():
    """The paper's loss and vote; the two ways to store the images differ in nothing else."""
    in_memory, files = map(load, SMALL_CIFAR)
    for cfg in (in_memory, files):
        assert cfg.model.head == dict(type='ExactSoftmaxHead', temperature=0.1)
        assert cfg.test_cfg.k == cfg.val_cfg.k == (200,)
        assert cfg.test_cfg.temperature == cfg.val_cfg.temperature == 0.1
    assert in_memory.model == files.model
    assert in_memory.optim_wrapper == files.optim_wrapper
    assert in_memory.param_scheduler == files.param_scheduler
    assert in_memory.data_preprocessor.augments == files.data_preprocessor.augments
    # the data set in memory is RGB, MMPretrain reads files as BGR
    assert not in_memory.data_preprocessor.get('bgr_to_rgb') and files.data_preprocessor.bgr_to_rgb


@pytest.mark.parametrize('name', EVERY_IN1K + EVERY_CIFAR)
def test_schedule(name):
    """Lr 0.03, a tenth at 120 and 160 of 200 epochs, SGD with momentum 0.9."""
    cfg = load(name)
    decay = 1e-4 if name in EVERY_IN1K else 5e-4
    assert cfg.optim_wrapper == dict(
        optimizer=dict(type='SGD', lr=0.03, momentum=0.9, weight_decay=decay)
    )
    assert cfg.param_scheduler == dict(type='MultiStepLR', milestones=[120, 160], gamma=0.1)
    assert cfg.train_cfg.max_epochs == 200
    assert cfg.train_dataloader.batch_size == (32 if name in EVERY_IN1K else 128)
    assert cfg.train_dataloader.drop_last == (name in EVERY_IN1K)
    assert cfg.model.memory_bank.momentum == 0.5
    assert cfg.model.neck.out_channels == 128


@pytest.mark.parametrize('name', EVERY_IN1K)
def test_imagenet(name):
    cfg = load(name)
    assert cfg.model.head.temperature == 0.07
    assert cfg.default_hooks.checkpoint.interval == 10
    assert cfg.default_hooks.checkpoint.max_keep_ckpts == 3
    assert cfg.default_hooks.logger.interval == 50
    assert cfg.data_preprocessor.mean == [123.675, 116.28, 103.53]
    assert cfg.data_preprocessor.std == [58.395, 57.12, 57.375]
    assert cfg.data_preprocessor.bgr_to_rgb
    assert cfg.train_dataloader.dataset.dataset.pipeline == [
        dict(type='LoadRandomResizedCrop', scale=224, crop_ratio_range=(0.2, 1.0)),
        dict(type='PackInputs'),
    ]
    assert cfg.data_preprocessor.augments == [
        dict(type='RandomGrayscale', p=0.2),
        dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.4, p=1.0),
        dict(type='RandomHorizontalFlip', p=0.5),
    ]
    assert cfg.val_cfg.k == cfg.test_cfg.k == (10, 20, 100, 200)
    assert cfg.test_cfg.reference.batch_size == cfg.test_dataloader.batch_size == 256


@pytest.mark.parametrize(
    'name, head',
    [
        ('npid_resnet50', dict(type='SampledSoftmaxHead', num_negatives=65536)),
        (
            'npid-ensure-neg_resnet50',
            dict(type='SampledSoftmaxHead', num_negatives=65536, exclude_positive=True),
        ),
        ('npid-exact_resnet50', dict(type='ExactSoftmaxHead')),
        ('npid-nce4096_resnet50', dict(type='NCEHead', num_negatives=4096)),
        (
            'npid-nce4096-proximal_resnet50',
            dict(type='NCEHead', num_negatives=4096, proximal_weight=30.0),
        ),
        ('npid-nce4096_resnet18', dict(type='NCEHead', num_negatives=4096)),
        ('npid-nce4096_alexnet', dict(type='NCEHead', num_negatives=4096)),
        ('npid-nce4096_vgg16', dict(type='NCEHead', num_negatives=4096)),
    ],
)
def test_imagenet_losses(name, head):
    assert load(f'{name}_{IN1K}').model.head == dict(head, temperature=0.07)


def test_imagenet_networks():
    assert load(f'npid_resnet50_{IN1K}').model.backbone == dict(
        type='ResNet',
        depth=50,
        out_indices=(3,),
        norm_cfg=dict(type='SyncBN'),
        zero_init_residual=False,
    )
    assert load(f'npid-nce4096_alexnet_{IN1K}').model.backbone == dict(type='AlexNet')
    assert load(f'npid-nce4096_resnet18_{IN1K}').model.backbone.depth == 18
    assert load(f'npid-nce4096_vgg16_{IN1K}').model.backbone.depth == 16


def test_recommended_bank_is_bfloat16():
    assert load(f'npid-exact_resnet50_{IN1K}').model.memory_bank.dtype == 'bfloat16'


@pytest.mark.parametrize(
    'name, head',
    [
        ('npid', dict(type='ExactSoftmaxHead', temperature=0.1)),
        ('npid-nce4096', dict(type='NCEHead', num_negatives=4096, temperature=0.1)),
        (
            'npid-parametric',
            dict(type='ParametricSoftmaxHead', length=50000, temperature=1.0),
        ),
    ],
)
def test_cifar10(name, head):
    """The authors' network, jitter without flips, and kNN with K = 200 and sigma = 0.1."""
    cfg = load(f'{name}_{CIFAR}')
    assert cfg.model.head == head
    assert cfg.model.backbone == dict(
        type='ResNet_CIFAR', depth=18, out_indices=(3,), zero_init_residual=False
    )
    assert cfg.test_cfg.k == (200,) and cfg.test_cfg.temperature == 0.1
    assert cfg.val_cfg.k == (200,) and cfg.val_cfg.temperature == 0.1
    assert cfg.data_preprocessor.augments == [
        dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.4, p=1.0),
        dict(type='RandomGrayscale', p=0.2),
    ]
    mean, std = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)
    assert cfg.data_preprocessor.mean == pytest.approx([255 * value for value in mean])
    assert cfg.data_preprocessor.std == pytest.approx([255 * value for value in std])


def test_mmselfsup_feed():
    """Operators and order of MMSelfSup's pipeline."""
    cfg = Config.fromfile(ROOT / 'configs/selfsup/_base_/datasets/imagenet_per-image.py')
    assert cfg.train_dataloader.dataset.dataset.pipeline == [
        dict(type='LoadImage'),
        dict(type='RandomResizedCrop', scale=224, crop_ratio_range=(0.2, 1.0), backend='pillow'),
        dict(
            type='RandomGrayscale',
            prob=0.2,
            keep_channels=True,
            channel_weights=(0.114, 0.587, 0.2989),
        ),
        dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.4),
        dict(type='RandomFlip', prob=0.5),
        dict(type='PackInputs'),
    ]
    assert cfg.data_preprocessor.type == 'SelfSupDataPreprocessor'
