"""Tests of finding and loading the backbone of a checkpoint of any code base."""

import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.registry import MODELS

from npid_mm.checkpoints import backbone_weights, load_backbone
from tests.test_checkpoints import foreign
from tests.toy import BACKBONE, digits_config

BATCH_NORM = dict(BACKBONE, norm_cfg=dict(type='BN'))


def build(**arguments):
    init_default_scope('mmpretrain')
    return MODELS.build(BATCH_NORM | arguments)


@pytest.fixture
def weights():
    """A backbone's weights that no initialization would give."""
    state = build().state_dict()
    return {name: torch.rand(value.shape).to(value.dtype) for name, value in state.items()}


def with_prefix(prefix, weights):
    return {f'{prefix}{name}': value for name, value in weights.items()}


OTHERS = {
    'neck.fc.weight': torch.ones(2, 2),
    'head.fc.weight': torch.ones(2, 2),
    'memory_bank.feature_bank': torch.ones(4, 2),
    'memory_bank.multinomial.alias': torch.ones(4, dtype=torch.long),
    'data_preprocessor.mean': torch.ones(3),
}
BEHIND = {'fc.weight': torch.ones(2, 2), 'fc.bias': torch.ones(2)}
LAYOUTS = {
    'ours and MMSelfSup 1.x': lambda weights: dict(
        meta={}, state_dict=with_prefix('backbone.', weights) | OTHERS, message_hub={}
    ),
    "MMSelfSup 0.x's extracted backbone": lambda weights: dict(
        state_dict=weights, author='MMSelfSup'
    ),
    'without backbone., beside other parts': lambda weights: dict(state_dict=weights | OTHERS),
    'from DataParallel': lambda weights: dict(
        state_dict=with_prefix('module.', with_prefix('backbone.', weights) | OTHERS)
    ),
    "the authors'": lambda weights: dict(
        epoch=200, arch='resnet18', state_dict=with_prefix('module.', weights | BEHIND)
    ),
    "the authors' on CIFAR-10": lambda weights: dict(
        net=with_prefix('module.', foreign.cifar_names(with_prefix('backbone.', weights)))
        | with_prefix('module.linear.', OTHERS),
        acc=0.8,
    ),
    "VISSL's": lambda weights: foreign.vissl(
        with_prefix('backbone.', weights) | {'memory_bank.feature_bank': torch.ones(4, 2)}
    ),
    "PyContrast's": lambda weights: dict(
        model=with_prefix('module.encoder.', weights) | with_prefix('module.head.0.', OTHERS)
    ),
    "torchvision's": lambda weights: weights | BEHIND,
    'bare, with backbone.': lambda weights: with_prefix('backbone.', weights) | OTHERS,
    'bare': lambda weights: weights,
    'without the counters of norms': lambda weights: {
        name: value for name, value in weights.items() if 'num_batches' not in name
    },
}


@pytest.mark.parametrize('layout', LAYOUTS)
@pytest.mark.parametrize('zipped', [True, False], ids=['torch 1.6', 'before'])
def test_every_layout_loads_completely(layout, zipped, weights, tmp_path):
    path = tmp_path / 'checkpoint.pth'
    torch.save(LAYOUTS[layout](weights), path, _use_new_zipfile_serialization=zipped)
    backbone = build()
    load_backbone(backbone, path)
    loaded = backbone.state_dict()
    for name, value in weights.items():
        if 'num_batches' not in name:
            assert torch.equal(loaded[name], value), name


@pytest.mark.slow
def test_checkpoint_with_a_pickled_log_loads(digits, tmp_path):
    """MMEngine's own checkpoints, and so MMSelfSup's, hold objects that torch refuses to read."""
    cfg = digits_config(digits, tmp_path)
    cfg.default_hooks.pop('safe_checkpoint')
    runner = Runner.from_cfg(cfg)
    runner.train()
    path = tmp_path / 'epoch_1.pth'
    with pytest.raises(Exception, match='Weights only load failed'):
        torch.load(path, weights_only=True)
    expected = runner.model.backbone.state_dict()
    loaded = backbone_weights(path)
    assert loaded.keys() == expected.keys()
    assert all(torch.equal(loaded[name], expected[name]) for name in expected)


@pytest.mark.parametrize('zipped', [True, False], ids=['torch 1.6', 'before'])
def test_pickled_network_loads(zipped, weights, tmp_path):
    """An early version of the authors' code saved the network itself."""
    network = build()
    network.load_state_dict(weights)
    path = foreign.write(dict(net=network, acc=0.8), tmp_path / 'ckpt.t7', zipped)
    loaded = backbone_weights(path)
    assert loaded.keys() == weights.keys()
    assert all(torch.equal(loaded[name], weights[name]) for name in weights)
    assert not any(value.requires_grad for value in loaded.values())


def test_another_network_is_refused_with_the_list(weights, tmp_path):
    path = tmp_path / 'checkpoint.pth'
    torch.save(with_prefix('backbone.', weights), path)
    deeper = build(depth=34)
    before = {name: value.clone() for name, value in deeper.state_dict().items()}
    message = (
        r'checkpoint\.pth does not fit the backbone ResNet_CIFAR: '
        r'80 missing: layer1\.2\.conv1\.weight, (\S+, ){3}\S+ and 75 more: '
        r'make model\.backbone the network of the checkpoint'
    )
    with pytest.raises(ValueError, match=message):
        load_backbone(deeper, path)
    after = deeper.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    torch.save(deeper.state_dict(), path)
    with pytest.raises(ValueError, match=r'96 unexpected: layer1\.2\.conv1\.weight, '):
        load_backbone(build(), path)


def test_other_shapes_are_refused(weights, tmp_path):
    path = tmp_path / 'checkpoint.pth'
    torch.save(weights, path)
    message = r'of another shape: conv1\.weight \(8, 3, 3, 3\) instead of \(4, 3, 3, 3\), '
    with pytest.raises(ValueError, match=message):
        load_backbone(build(stem_channels=4), path)


def test_a_single_missing_weight_is_refused(weights, tmp_path):
    path = tmp_path / 'checkpoint.pth'
    del weights['layer4.1.bn2.running_var']
    torch.save(weights, path)
    with pytest.raises(ValueError, match=r'1 missing: layer4\.1\.bn2\.running_var: '):
        load_backbone(build(), path)


@pytest.mark.parametrize(
    'content, found',
    [
        (dict(state_dict=OTHERS), r'neck\.fc\.weight, head\.fc\.weight'),
        (dict(state_dict={}), 'state_dict'),
        (dict(epoch=3, arch='resnet50'), 'epoch, arch'),
        ([1, 2], 'list'),
    ],
)
def test_checkpoint_without_a_backbone_is_refused(content, found, tmp_path):
    path = tmp_path / 'checkpoint.pth'
    torch.save(content, path)
    with pytest.raises(ValueError, match=f'holds no backbone, only {found}.*: give the checkpoint'):
        backbone_weights(path)


@pytest.mark.parametrize('content', [b'', b'not a checkpoint', b'PK\x03\x04 cut off'])
def test_a_file_of_another_kind_is_refused(content, tmp_path):
    path = tmp_path / 'checkpoint.pth'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r'cannot read .*checkpoint\.pth as a checkpoint of PyT'):
        backbone_weights(path)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'checkpoint not found: .*nowhere\.pth'):
        backbone_weights(tmp_path / 'nowhere.pth')
