"""Published values of the pretraining recipes."""

import pytest

from tests.test_configs.pins import (
    CIFAR_RESNET18,
    CROP,
    FLIP,
    GRAY,
    JITTER,
    MEAN,
    NCE,
    PACK,
    REFERENCE,
    RESNET50,
    SAMPLED,
    STD,
    SYNC_BN,
    TRAIN,
    sgd,
    steps,
)

# pattern of configs -> dotted key -> value; None for a key that is absent
PRETRAINING_PINS = {
    'selfsup/*_8xb32-steplr-200e_in1k': {
        'optim_wrapper': dict(optimizer=sgd(0.03, 1e-4)),
        'param_scheduler': steps([120, 160]),
        'train_cfg.max_epochs': 200,
        'train_dataloader.batch_size': 32,
        'train_dataloader.drop_last': True,
        'model.memory_bank.momentum': 0.5,
        'model.neck.out_channels': 128,
        'model.head.temperature': 0.07,
        'default_hooks.checkpoint.interval': 10,
        'default_hooks.checkpoint.max_keep_ckpts': 3,
        'default_hooks.logger.interval': 50,
        'data_preprocessor.mean': MEAN,
        'data_preprocessor.std': STD,
        'data_preprocessor.bgr_to_rgb': True,
        f'{TRAIN}.pipeline': [dict(CROP, scale=224), PACK],
        'data_preprocessor.augments': [GRAY, JITTER, FLIP],
        'val_cfg.k': (10, 20, 100, 200),
        'test_cfg.k': (10, 20, 100, 200),
        f'{REFERENCE}.batch_size': 256,
        'test_dataloader.batch_size': 256,
    },
    'selfsup/npid/npid_resnet50_*': {
        'model.head': dict(SAMPLED, temperature=0.07),
        'model.backbone': dict(RESNET50, norm_cfg=SYNC_BN, zero_init_residual=False),
    },
    'selfsup/*/npid-ensure-neg_*': {
        'model.head': dict(SAMPLED, exclude_positive=True, temperature=0.07)
    },
    'selfsup/*/npid-exact_resnet50_*': {
        'model.head': dict(type='ExactSoftmaxHead', temperature=0.07),
        'model.memory_bank.dtype': 'bfloat16',  # ours, recommended
    },
    'selfsup/*/npid-nce4096_*_in1k': {'model.head': dict(NCE, temperature=0.07)},
    'selfsup/*/npid-nce4096-proximal_*': {
        'model.head': dict(NCE, proximal_weight=30.0, temperature=0.07)
    },
    'selfsup/*/npid-nce4096_resnet18_*_in1k': {'model.backbone.depth': 18},
    'selfsup/*/npid-nce4096_alexnet_*': {'model.backbone': dict(type='AlexNet')},
    'selfsup/*/npid-nce4096_vgg16_*': {'model.backbone.depth': 16},
    'selfsup/*-mlp_resnet50_*': {
        'model.neck': dict(
            type='MoCoV2Neck', in_channels=2048, hid_channels=2048, out_channels=128
        ),
        'model.backbone.zero_init_residual': False,
    },
    # VISSL's NPID++
    'selfsup/*/npid-nce32000-mlp_*': {
        'model.head': dict(type='NCEHead', num_negatives=32000, temperature=0.07),
        'optim_wrapper': dict(optimizer=sgd(0.12, 1e-4)),
        'param_scheduler': [
            dict(type='CosineAnnealingLR', eta_min=0.00012, convert_to_iter_based=True)
        ],
        'train_cfg.max_epochs': 800,
        'train_dataloader.batch_size': 32,
    },
    # augmentation and temperature of MoCo v2
    'selfsup/*/npid-exact-mlp_*': {
        'model.head': dict(type='ExactSoftmaxHead', temperature=0.2),
        'data_preprocessor.augments': [
            dict(JITTER, hue=0.1, p=0.8),
            GRAY,
            dict(type='RandomGaussianBlur', kernel_size=(23, 23), sigma=(0.1, 2.0), p=0.5),
            FLIP,
        ],
    },
    'selfsup/*_1xb128-steplr-200e_cifar10': {
        'optim_wrapper': dict(optimizer=sgd(0.03, 5e-4)),
        'param_scheduler': steps([120, 160]),
        'train_cfg.max_epochs': 200,
        'train_dataloader.batch_size': 128,
        'train_dataloader.drop_last': False,
        'model.memory_bank.momentum': 0.5,
        'model.neck.out_channels': 128,
        'model.backbone': dict(CIFAR_RESNET18, zero_init_residual=False),
        'data_preprocessor.augments': [JITTER, GRAY],  # no flip
        'data_preprocessor.mean': pytest.approx([255 * x for x in (0.4914, 0.4822, 0.4465)]),
        'data_preprocessor.std': pytest.approx([255 * x for x in (0.2023, 0.1994, 0.2010)]),
    },
    'selfsup/*cifar10*': {
        'val_cfg.k': (200,),
        'val_cfg.temperature': 0.1,
        'test_cfg.k': (200,),
        'test_cfg.temperature': 0.1,
    },
    'selfsup/*/npid-exact_*cifar10*': {
        'model.head': dict(type='ExactSoftmaxHead', temperature=0.1)
    },
    'selfsup/*/npid-nce4096_*_cifar10': {'model.head': dict(NCE, temperature=0.1)},
    'selfsup/*/npid-parametric_*': {
        'model.head': dict(type='ParametricSoftmaxHead', length=50000, temperature=1.0)
    },
    # MMSelfSup's operators in its order
    'selfsup/_base_/datasets/imagenet_per-image': {
        'data_preprocessor.type': 'SelfSupDataPreprocessor',
        f'{TRAIN}.pipeline': [
            dict(type='LoadImage'),
            dict(
                type='RandomResizedCrop', scale=224, crop_ratio_range=(0.2, 1.0), backend='pillow'
            ),
            dict(
                type='RandomGrayscale',
                prob=0.2,
                keep_channels=True,
                channel_weights=(0.114, 0.587, 0.2989),
            ),
            dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.4),
            dict(type='RandomFlip', prob=0.5),
            PACK,
        ],
    },
}
