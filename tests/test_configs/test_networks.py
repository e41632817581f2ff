"""Networks and optimizers built from the benchmark configs: layers, and what is trained."""

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmpretrain.registry import DATASETS, MODELS
from torch import nn

from tests.shipped import shipped_config
from tests.toy import ROOT

CONFIGS = ROOT / 'configs/benchmarks/classification'
LINEAR = 'imagenet/resnet50_linear-8xb32-steplr-100e_in1k'
LAYERS = 'imagenet/resnet50_mhead_linear-8xb32-steplr-90e_in1k'
LENGTHS = (9216, 9216, 8192, 9216, 8192)  # of the pooled features of each layer


def load(name: str, **options) -> Config:
    init_default_scope('mmpretrain')
    cfg = shipped_config(CONFIGS / f'{name}.py')
    cfg.merge_from_dict(options)
    return cfg


def trained(cfg: Config) -> dict[str, dict]:
    """Return the settings of each trained parameter's group, by the parameter's name."""
    model = MODELS.build(cfg.model)
    names = {parameter: name for name, parameter in model.named_parameters()}
    optimizer = build_optim_wrapper(model, cfg.optim_wrapper).optimizer
    return {
        names[parameter]: group
        for group in optimizer.param_groups
        for parameter in group['params']
        if parameter.requires_grad
    }


@pytest.mark.parametrize(
    ('name', 'weights'),
    [(LINEAR, {'head.fc'}), (LAYERS, {f'head.fcs.{layer}' for layer in range(5)})],
)
def test_only_the_head_of_a_probe_is_trained(name, weights):
    cfg = load(name)
    groups = trained(cfg)
    assert set(groups) == {f'{each}.{part}' for each in weights for part in ('weight', 'bias')}
    expected = cfg.optim_wrapper.optimizer
    for group in groups.values():
        assert all(group[key] == value for key, value in expected.items() if key != 'type')


@pytest.mark.parametrize(('lr', 'mult'), [(0.1, 1), (0.001, 100)])
@pytest.mark.parametrize('share', ['1pct', '10pct'])
def test_fine_tuning_has_a_learning_rate_for_the_head(share, lr, mult):
    """The settings of the protocol are two options of one config."""
    options = {
        'optim_wrapper.optimizer.lr': lr,
        'optim_wrapper.paramwise_cfg.custom_keys.head.lr_mult': mult,
        'model.backbone.depth': 18,  # quicker to build, and the same names
        'model.head.in_channels': 512,
    }
    cfg = load(f'imagenet/resnet50_4xb64-steplr-20e_in1k-{share}', **options)
    groups = trained(cfg)
    assert any(each.startswith('backbone.layer4') for each in groups)
    for each, group in groups.items():
        expected = lr * mult if each.startswith('head.') else lr
        assert group['lr'] == pytest.approx(expected), each
        assert group['momentum'] == 0.9 and not group['nesterov']
        assert group['weight_decay'] == cfg.optim_wrapper.optimizer.weight_decay


def test_pools_norms_and_classifiers_of_the_layers():
    """Kernel, stride and padding; norms over all ranks, without parameters."""
    model = MODELS.build(load(LAYERS).model)
    pools = [(each.kernel_size, each.stride, each.padding) for each in model.neck.pools]
    assert pools == [(10, 10, 4), (16, 8, 0), (13, 5, 0), (8, 3, 0), (6, 1, 0)]
    shapes = [(each.in_features, each.out_features) for each in model.head.fcs]
    assert shapes == [(length, 1000) for length in LENGTHS]
    for norm, channels in zip(model.head.norms, (64, 256, 512, 1024, 2048), strict=True):
        assert isinstance(norm, nn.SyncBatchNorm)
        assert (norm.num_features, norm.momentum, norm.affine) == (channels, 0.1, False)


@torch.no_grad()
@pytest.mark.parametrize(
    ('name', 'length'),
    [
        ('imagenet/knn_resnet50_in1k', 2048),
        ('imagenet/knn-embedding_resnet50_in1k', 128),
        ('cifar10/knn_resnet18_cifar10', 128),
    ],
)
def test_features_of_knn(name, length):
    """2048 pooled numbers, or the network's 128."""
    model = MODELS.build(load(name).model)
    model.load_state_dict(model.state_dict())
    model.eval()
    images = torch.zeros(1, 3, 64, 64)
    features = model.embed(images) if length == 128 else model.backbone(images)[-1]
    assert features.shape[1] == length


@torch.no_grad()
def test_features_of_the_svms(voc2007):
    """Five layers of a ResNet-50 in full size, from the config's own pipeline."""
    cfg = load('voc2007/svm_resnet50_voc07')
    dataset = DATASETS.build(dict(cfg.test_dataloader.dataset, data_root=str(voc2007), indices=1))
    image = dataset[0]['inputs']
    assert image.shape == (3, 224, 224)
    network = dict(cfg.model, checkpoint='random', data_preprocessor=cfg.data_preprocessor)
    model = MODELS.build(network)
    model.init_weights()
    data = model.eval().data_preprocessor(dict(inputs=image[None], data_samples=None))
    features = model.extract_feat(data['inputs'])
    assert [tuple(each.shape) for each in features] == [(1, length) for length in LENGTHS]
