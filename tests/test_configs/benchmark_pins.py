"""Published values of the classification benchmarks."""

from tests.test_configs.pins import (
    BN,
    CENTER,
    CIFAR_RESNET18,
    EDGE,
    FLIP,
    MEAN,
    PACK,
    REFERENCE,
    RESNET50,
    SQUARE,
    STD,
    SYNC_BN,
    TRAIN,
    listed,
    sgd,
    steps,
)

# pattern of configs -> dotted key -> value; None for a key that is absent
BENCHMARK_PINS = {
    # linear classifiers
    'benchmarks/*/resnet50_linear-*': {
        'optim_wrapper': dict(optimizer=sgd(30.0, 0.0)),
        'model.backbone': dict(RESNET50, norm_cfg=BN, zero_init_residual=False),
        'model.neck': dict(type='GlobalAveragePooling'),
        'model.head.type': 'LinearClsHead',
        'model.head.in_channels': 2048,
        'val_evaluator': dict(type='Accuracy', topk=(1, 5)),
        'test_evaluator': dict(type='Accuracy', topk=(1, 5)),
        'data_preprocessor.augments': [FLIP],
    },
    # with nesterov: what the older configs meant and did not train with
    'benchmarks/*/resnet50_mhead_*': {
        'optim_wrapper': dict(optimizer=sgd(0.01, 1e-4, nesterov=True)),
        'model.backbone': dict(type='StemResNet', depth=50, norm_cfg=BN, zero_init_residual=False),
        'val_evaluator': dict(type='LayerAccuracy', topk=(1, 5)),
        'test_evaluator': dict(type='LayerAccuracy', topk=(1, 5)),
    },
    'benchmarks/*/resnet50_*8xb32-*': {
        'model.type': 'ProbeClassifier',
        'model.frozen': True,
        'train_dataloader.batch_size': 32,
        'auto_scale_lr.base_batch_size': 8 * 32,
    },
    'benchmarks/*/resnet50_*xb*': {
        'model.checkpoint': None,  # has to be given
        'auto_scale_lr.enable': None,
        'train_cfg.type': 'ResumableTrainLoop',
        'train_dataloader.sampler.shuffle': True,
        'train_dataloader.drop_last': None,
        'val_dataloader.dataset.pipeline': CENTER,
        'test_dataloader.dataset.pipeline': CENTER,
        'data_preprocessor.mean': MEAN,
        'data_preprocessor.std': STD,
        'data_preprocessor.bgr_to_rgb': True,
    },
    'benchmarks/*/imagenet/resnet50_linear-*': {
        'param_scheduler': steps([60, 80]),
        'train_cfg.max_epochs': 100,
    },
    'benchmarks/*/imagenet/resnet50_mhead_*': {
        'param_scheduler': steps([30, 60]),
        'train_cfg.max_epochs': 90,
        'data_preprocessor.augments': [
            FLIP,
            dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, p=1.0),
            dict(type='Lighting', alphastd=0.1),
        ],
    },
    'benchmarks/*/imagenet/resnet50_*linear-*': {
        'model.head.num_classes': 1000,
        TRAIN: listed(
            'ImageNet',
            'imagenet',
            'meta/train.txt',
            data_prefix='train',
            pipeline=[dict(type='LoadRandomResizedCrop', scale=224), PACK],
        ),
        'val_dataloader.dataset': listed(
            'ImageNet', 'imagenet', 'meta/val.txt', data_prefix='val', pipeline=CENTER
        ),
    },
    'benchmarks/*/places205/*': {
        'param_scheduler': steps([7, 14, 21]),
        'train_cfg.max_epochs': 28,
        'model.head.num_classes': 205,
        'data_preprocessor.augments': [FLIP],
        TRAIN: listed(
            'CustomDataset',
            'places205',
            'meta/train.txt',
            pipeline=[
                dict(type='LoadImage'),
                EDGE,
                dict(type='CenterCrop', crop_size=256),
                dict(type='RandomCrop', crop_size=224),
                PACK,
            ],
        ),
        'val_dataloader.dataset': listed(
            'CustomDataset', 'places205', 'meta/val.txt', pipeline=CENTER
        ),
    },
    'benchmarks/*/inaturalist2018/*': {
        'param_scheduler': steps([24, 48, 72]),
        'train_cfg.max_epochs': 84,
        'model.head.num_classes': 8142,
        'data_preprocessor.augments': [FLIP],
        TRAIN: listed(
            'INaturalist2018',
            'inaturalist2018',
            'train2018.json',
            pipeline=[dict(type='LoadRandomResizedCrop', scale=224), PACK],
        ),
        'val_dataloader.dataset': listed(
            'INaturalist2018', 'inaturalist2018', 'val2018.json', pipeline=CENTER
        ),
    },
    # fine-tuning on a share of the labels
    'benchmarks/*/resnet50_4xb64-*': {
        'param_scheduler': steps([12, 16], gamma=0.2),
        'train_cfg.max_epochs': 20,
        'model.frozen': False,
        'model.backbone': dict(RESNET50, norm_cfg=SYNC_BN, zero_init_residual=False),
        'train_dataloader.batch_size': 64,
        'auto_scale_lr.base_batch_size': 4 * 64,
        'data_preprocessor.augments': [FLIP],
        f'{TRAIN}.pipeline': [dict(type='LoadRandomResizedCrop', scale=224), PACK],
        'val_dataloader.dataset.ann_file': 'meta/val.txt',
    },
    'benchmarks/*-1pct': {
        'optim_wrapper.optimizer.weight_decay': 5e-4,
        f'{TRAIN}.ann_file': 'meta/train_1percent.txt',
    },
    'benchmarks/*-10pct': {
        'optim_wrapper.optimizer.weight_decay': 1e-4,
        f'{TRAIN}.ann_file': 'meta/train_10percent.txt',
    },
    # kNN
    'benchmarks/*/knn*': {
        'model.type': 'ProbeClassifier',
        'model.head': None,
        'train_dataloader': None,
        'val_dataloader': None,
        'test_cfg.type': 'KNNTestLoop',
        'test_evaluator.type': 'KNNAccuracy',
        'test_dataloader.batch_size': 256,
        f'{REFERENCE}.batch_size': 256,
    },
    'benchmarks/*/knn*_in1k': {
        'test_cfg.k': (10, 20, 100, 200),
        'test_cfg.temperature': 0.07,
        'test_dataloader.dataset.pipeline': CENTER,
        f'{REFERENCE}.dataset.pipeline': CENTER,
        f'{REFERENCE}.dataset.ann_file': 'meta/train.txt',
        'test_dataloader.dataset.ann_file': 'meta/val.txt',
    },
    'benchmarks/*/knn_resnet50_in1k': {'test_cfg.feature': 'backbone'},
    'benchmarks/*/knn-embedding_resnet50_in1k': {
        'test_cfg.feature': 'embedding',
        'model.neck.out_channels': 128,
    },
    'benchmarks/*/knn_resnet18_cifar10': {'test_cfg.k': (200,), 'test_cfg.temperature': 0.1},
    'benchmarks/*/cifar10/*': {
        'test_cfg.feature': None,  # the embedding is the default
        'model.backbone': CIFAR_RESNET18,
        'model.neck.out_channels': 128,
        f'{REFERENCE}.dataset': dict(
            type='CIFAR10', data_root='data/cifar10', split='train', pipeline=[PACK]
        ),
        'test_dataloader.dataset': dict(
            type='CIFAR10', data_root='data/cifar10', split='test', pipeline=[PACK]
        ),
    },
    # SVMs
    'benchmarks/*/svm_resnet18_cifar10': {'test_cfg.type': 'LinearSVMTestLoop'},
    'benchmarks/*/svm_resnet50_voc07': {'test_cfg.type': 'SVMTestLoop'},
    'benchmarks/*/low-shot-svm_*': {
        'test_cfg.type': 'LowShotSVMTestLoop',
        'test_cfg.shots': (1, 2, 4, 8, 16, 32, 64, 96),
        'test_cfg.draws': 5,
        'test_cfg.select': 'held_out',
    },
    'benchmarks/*/voc2007/*': {
        'model.type': 'ProbeClassifier',
        'model.checkpoint': None,
        'model.backbone': dict(type='StemResNet', depth=50, norm_cfg=BN),
        'data_preprocessor': dict(
            type='SelfSupDataPreprocessor', mean=MEAN, std=STD, bgr_to_rgb=True
        ),
        **{
            f'{loader}.{key}': value
            for loader, split in (('test_dataloader', 'test'), (REFERENCE, 'trainval'))
            for key, value in {
                'sampler': dict(type='DefaultSampler', shuffle=False),
                'dataset.type': 'VOC2007Classification',
                'dataset.split': split,
                'dataset.pipeline': SQUARE,  # nothing is cropped
            }.items()
        },
    },
}
