"""Resolved classification benchmarks against the published protocols.

Sources: MMSelfSup 1.0.0's resolved configs and, where those do not say what they mean, the configs
of its 0.x and of OpenSelfSup. Optimizers are built, so that it is the effective figures that count.
"""

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from torch import nn

from tests.toy import ROOT

CONFIGS = ROOT / 'configs/benchmarks/classification'
LINEAR = {
    'imagenet/resnet50_linear-8xb32-steplr-100e_in1k': (1000, 100, [60, 80]),
    'places205/resnet50_linear-8xb32-steplr-28e_places205': (205, 28, [7, 14, 21]),
    'inaturalist2018/resnet50_linear-8xb32-steplr-84e_inat18': (8142, 84, [24, 48, 72]),
}
LAYERS = {
    'imagenet/resnet50_mhead_linear-8xb32-steplr-90e_in1k': (1000, 90, [30, 60]),
    'places205/resnet50_mhead_8xb32-steplr-28e_places205': (205, 28, [7, 14, 21]),
    'inaturalist2018/resnet50_mhead_8xb32-steplr-84e_inat18': (8142, 84, [24, 48, 72]),
}
SEMI = {
    'imagenet/resnet50_4xb64-steplr-20e_in1k-1pct': (5e-4, 'meta/train_1percent.txt'),
    'imagenet/resnet50_4xb64-steplr-20e_in1k-10pct': (1e-4, 'meta/train_10percent.txt'),
}
KNN = {
    'imagenet/knn_resnet50_in1k': 'backbone',
    'imagenet/knn-embedding_resnet50_in1k': 'embedding',
    'cifar10/knn_resnet18_cifar10': 'embedding',
}
ELSEWHERE = {'svm_resnet18_cifar10', 'svm_resnet50_voc07', 'low-shot-svm_resnet50_voc07'}
FLIP = dict(type='RandomHorizontalFlip', p=0.5)
CROP = [dict(type='LoadRandomResizedCrop', scale=224), dict(type='PackInputs')]
RESIZE_EDGE = dict(type='ResizeEdge', scale=256, edge='short', backend='pillow')
TEST = [
    dict(type='LoadImage'),
    RESIZE_EDGE,
    dict(type='CenterCrop', crop_size=224),
    dict(type='PackInputs'),
]


def load(name: str, **options) -> Config:
    init_default_scope('mmpretrain')
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    cfg.merge_from_dict(options)
    return cfg


def trained(cfg: Config) -> dict[str, dict]:
    """Settings of each parameter's group, by the parameter's name; frozen ones left out."""
    model = MODELS.build(cfg.model)
    names = {parameter: name for name, parameter in model.named_parameters()}
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    assert isinstance(wrapper.optimizer, torch.optim.SGD)
    return {
        names[parameter]: group
        for group in wrapper.optimizer.param_groups
        for parameter in group['params']
        if parameter.requires_grad
    }


def check_schedule(cfg: Config, epochs: int, milestones: list[int], gamma: float = 0.1) -> None:
    assert cfg.param_scheduler == dict(type='MultiStepLR', milestones=milestones, gamma=gamma)
    assert cfg.train_cfg.max_epochs == epochs
    assert not cfg.auto_scale_lr.get('enable')


def test_every_config_is_pinned():
    """A new config has to say here, or in a test of its own, what it follows."""
    found = {path.stem for path in CONFIGS.glob('[!_]*/*.py')}
    pinned = {name.split('/')[1] for name in (*LINEAR, *LAYERS, *SEMI, *KNN)}
    assert pinned <= found <= pinned | ELSEWHERE


@pytest.mark.parametrize('name', LINEAR)
def test_linear(name):
    """Lr 30 without weight decay on pooled features of a frozen network."""
    classes, epochs, milestones = LINEAR[name]
    cfg = load(name)
    check_schedule(cfg, epochs, milestones)
    groups = trained(cfg)
    assert set(groups) == {'head.fc.weight', 'head.fc.bias'}
    for group in groups.values():
        assert (group['lr'], group['momentum'], group['weight_decay']) == (30.0, 0.9, 0.0)
        assert not group['nesterov']
    assert cfg.model.backbone == dict(
        type='ResNet',
        depth=50,
        out_indices=(3,),
        norm_cfg=dict(type='BN'),
        zero_init_residual=False,
    )
    assert cfg.model.neck == dict(type='GlobalAveragePooling')
    assert cfg.model.head == dict(type='LinearClsHead', num_classes=classes, in_channels=2048)
    assert cfg.val_evaluator == cfg.test_evaluator == dict(type='Accuracy', topk=(1, 5))
    assert cfg.data_preprocessor.augments == [FLIP]


@pytest.mark.parametrize('name', LAYERS)
def test_every_layer(name):
    """Lr 0.01 with nesterov: what the older configs meant and did not train with."""
    classes, epochs, milestones = LAYERS[name]
    cfg = load(name)
    check_schedule(cfg, epochs, milestones)
    groups = trained(cfg)
    # norms have no parameters, so that there is none to keep weight decay from
    assert set(groups) == {f'head.fcs.{i}.{each}' for i in range(5) for each in ('weight', 'bias')}
    for group in groups.values():
        assert (group['lr'], group['momentum'], group['weight_decay']) == (0.01, 0.9, 1e-4)
        assert group['nesterov']
    assert cfg.model.backbone == dict(
        type='StemResNet', depth=50, norm_cfg=dict(type='BN'), zero_init_residual=False
    )
    assert cfg.val_evaluator == cfg.test_evaluator == dict(type='LayerAccuracy', topk=(1, 5))
    model = MODELS.build(cfg.model)
    pools = [(each.kernel_size, each.stride, each.padding) for each in model.neck.pools]
    assert pools == [(10, 10, 4), (16, 8, 0), (13, 5, 0), (8, 3, 0), (6, 1, 0)]
    assert [(each.in_features, each.out_features) for each in model.head.fcs] == [
        (length, classes) for length in (9216, 9216, 8192, 9216, 8192)
    ]
    for norm, channels in zip(model.head.norms, (64, 256, 512, 1024, 2048), strict=True):
        assert isinstance(norm, nn.SyncBatchNorm)
        assert (norm.num_features, norm.momentum, norm.affine) == (channels, 0.1, False)


@pytest.mark.parametrize('name', [*LINEAR, *LAYERS])
def test_probes_are_of_a_frozen_network(name):
    cfg = load(name)
    assert cfg.model.type == 'ProbeClassifier' and cfg.model.frozen
    assert cfg.model.checkpoint is None  # has to be given
    assert cfg.train_dataloader.batch_size == 32 and cfg.auto_scale_lr.base_batch_size == 8 * 32
    assert cfg.train_dataloader.sampler.shuffle
    assert not cfg.train_dataloader.get('drop_last')


@pytest.mark.parametrize('lr', [0.1, 0.01, 0.001])
@pytest.mark.parametrize('mult', [1, 10, 100])
@pytest.mark.parametrize('name', SEMI)
def test_semi_supervised_grid(name, lr, mult):
    """All nine settings of the protocol are two options of one config."""
    options = {
        'optim_wrapper.optimizer.lr': lr,
        'optim_wrapper.paramwise_cfg.custom_keys.head.lr_mult': mult,
        'model.backbone.depth': 18,  # quicker to build, and the same names
        'model.head.in_channels': 512,
    }
    decay, _ = SEMI[name]
    groups = trained(load(name, **options))
    assert any(each.startswith('backbone.layer4') for each in groups)
    for each, group in groups.items():
        expected = lr * mult if each.startswith('head.') else lr
        assert group['lr'] == pytest.approx(expected), each
        assert (group['momentum'], group['weight_decay']) == (0.9, decay)
        assert not group['nesterov']


@pytest.mark.parametrize('name', SEMI)
def test_semi_supervised(name):
    """20 epochs, a fifth of the lr at 12 and 16, batch 256, SyncBN, everything trained."""
    cfg = load(name)
    check_schedule(cfg, 20, [12, 16], gamma=0.2)
    assert not cfg.model.frozen and cfg.model.checkpoint is None
    assert cfg.model.backbone == dict(
        type='ResNet',
        depth=50,
        out_indices=(3,),
        norm_cfg=dict(type='SyncBN'),
        zero_init_residual=False,
    )
    assert cfg.train_dataloader.batch_size == 64 and cfg.auto_scale_lr.base_batch_size == 4 * 64
    assert cfg.train_dataloader.dataset.dataset.ann_file == SEMI[name][1]
    assert cfg.val_dataloader.dataset.ann_file == 'meta/val.txt'
    assert cfg.data_preprocessor.augments == [FLIP]
    assert cfg.train_dataloader.dataset.dataset.pipeline == CROP


@pytest.mark.parametrize('name', [*LINEAR, *LAYERS, *SEMI])
def test_images(name):
    """Crops and flips of training, and the centre crop of evaluation, both bilinear."""
    cfg = load(name)
    assert cfg.train_dataloader.dataset.dataset.pipeline == (
        [
            dict(type='LoadImage'),
            RESIZE_EDGE,
            dict(type='CenterCrop', crop_size=256),
            dict(type='RandomCrop', crop_size=224),
            dict(type='PackInputs'),
        ]
        if 'places205' in name
        else CROP
    )
    assert cfg.val_dataloader.dataset.pipeline == cfg.test_dataloader.dataset.pipeline == TEST
    assert cfg.data_preprocessor.mean == [123.675, 116.28, 103.53]
    assert cfg.data_preprocessor.std == [58.395, 57.12, 57.375]
    assert cfg.data_preprocessor.bgr_to_rgb


def test_colours_of_imagenets_layer_probe():
    """Jitter of 0.4, 0.4, 0.4 and 0, then lighting of 0.1; of the others a flip alone."""
    for name in LAYERS:
        colours = [
            dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, p=1.0),
            dict(type='Lighting', alphastd=0.1),
        ]
        expected = [FLIP, *colours] if name.startswith('imagenet/') else [FLIP]
        assert load(name).data_preprocessor.augments == expected


@pytest.mark.parametrize(
    'name, kind, root, lists',
    [
        ('imagenet', 'ImageNet', 'data/imagenet', ('meta/train.txt', 'meta/val.txt')),
        ('places205', 'CustomDataset', 'data/places205', ('meta/train.txt', 'meta/val.txt')),
        (
            'inaturalist2018',
            'INaturalist2018',
            'data/inaturalist2018',
            ('train2018.json', 'val2018.json'),
        ),
    ],
)
def test_data_sets(name, kind, root, lists):
    """The layouts of docs/datasets.md, and nothing left over of the config they build on."""
    for each in (each for each in (*LINEAR, *LAYERS) if each.startswith(f'{name}/')):
        cfg = load(each)
        sets = (cfg.train_dataloader.dataset.dataset, cfg.val_dataloader.dataset)
        for dataset, ann_file, prefix in zip(sets, lists, ('train', 'val'), strict=True):
            where = dict(data_prefix=prefix) if name == 'imagenet' else {}
            settings = {key: value for key, value in dataset.items() if key != 'pipeline'}
            assert settings == dict(type=kind, data_root=root, ann_file=ann_file, **where)


@pytest.mark.parametrize('name', KNN)
def test_knn(name):
    """Features of the training set, seen as in a test, vote; nothing is trained."""
    cfg = load(name)
    imagenet = name.startswith('imagenet/')
    assert cfg.test_cfg.type == 'KNNTestLoop'
    assert cfg.test_cfg.get('feature', 'embedding') == KNN[name]
    assert cfg.test_cfg.k == ((10, 20, 100, 200) if imagenet else (200,))
    assert cfg.test_cfg.temperature == (0.07 if imagenet else 0.1)
    reference, queries = cfg.test_cfg.reference, cfg.test_dataloader
    assert reference.dataset.pipeline == queries.dataset.pipeline
    assert not imagenet or queries.dataset.pipeline == TEST
    assert reference.batch_size == queries.batch_size == 256
    part = (lambda each: each.ann_file) if imagenet else (lambda each: each.split)
    assert 'train' in part(reference.dataset) and 'train' not in part(queries.dataset)
    assert cfg.test_evaluator.type == 'KNNAccuracy'
    assert cfg.train_dataloader is cfg.val_dataloader is None
    assert cfg.model.type == 'ProbeClassifier' and 'head' not in cfg.model


@torch.no_grad()
def test_knn_features():
    """2048 pooled numbers, or the network's 128."""
    for name in KNN:
        cfg = load(name)
        model = MODELS.build(cfg.model)
        model.load_state_dict(model.state_dict())
        model.eval()
        if KNN[name] == 'embedding':
            assert model.embed(torch.zeros(1, 3, 64, 64)).shape == (1, 128)
        else:
            assert model.backbone(torch.zeros(1, 3, 64, 64))[-1].shape[1] == 2048


def test_runtime_is_that_of_pretraining_without_the_bank():
    """And with a look at the labels, which pretraining does not read."""
    cfg = load(next(iter(LINEAR)))
    assert cfg.default_hooks.pop('label_check') == dict(type='LabelCheckHook')
    pretraining = Config.fromfile(ROOT / 'configs/selfsup/_base_/default_runtime.py')
    assert cfg.default_hooks == {
        name: hook for name, hook in pretraining.default_hooks.items() if name != 'memory_bank'
    }
    assert cfg.train_cfg.type == 'ResumableTrainLoop'
