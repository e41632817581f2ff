"""Backbones out of checkpoints: all of their weights, or a message that says what is wrong."""

import shutil

import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.registry import MODELS

from npid_mm.checkpoints import backbone_weights, fit_report, load_backbone
from tests.toy import BACKBONE, digits_config

BATCH_NORM = dict(BACKBONE, norm_cfg=dict(type='BN'))


def build(**arguments):
    init_default_scope('mmpretrain')
    return MODELS.build(BATCH_NORM | arguments)


@pytest.fixture
def weights():
    """A backbone's weights that no initialisation would give."""
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


def test_checkpoint_with_a_pickled_log_loads(digits, tmp_path, monkeypatch):
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
    # a torch that cannot list what a file names reads it in the safe way, or not at all
    monkeypatch.delattr(torch.serialization, 'get_unsafe_globals_in_checkpoint')
    with pytest.raises(ValueError, match='cannot read .* Weights only load failed'):
        backbone_weights(path)


class Burglar:
    """Copies a file when it is unpickled."""

    def __init__(self, source, target):
        self.call = shutil.copy, (str(source), str(target))

    def __reduce__(self):
        return self.call


def test_nothing_in_a_checkpoint_is_run(weights, tmp_path):
    source, target = tmp_path / 'source', tmp_path / 'target'
    source.write_text('text')
    path = tmp_path / 'checkpoint.pth'
    torch.save(dict(state_dict=weights, log=Burglar(source, target)), path)
    assert backbone_weights(path).keys() == weights.keys()
    assert not target.exists()
    torch.load(path, weights_only=False)
    assert target.exists()  # it would have


def test_another_network_is_refused_with_the_list(weights, tmp_path):
    path = tmp_path / 'checkpoint.pth'
    torch.save(with_prefix('backbone.', weights), path)
    deeper = build(depth=34)
    before = {name: value.clone() for name, value in deeper.state_dict().items()}
    message = (
        r'checkpoint\.pth does not fit the backbone ResNet_CIFAR:\n'
        r'  80 missing: layer1\.2\.conv1\.weight, (\S+, ){19}\.\.\.\n'
        r'make model\.backbone the network of the checkpoint'
    )
    with pytest.raises(ValueError, match=message):
        load_backbone(deeper, path)
    after = deeper.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    torch.save(deeper.state_dict(), path)
    with pytest.raises(ValueError, match=r'  96 unexpected: layer1\.2\.conv1\.weight, '):
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
    with pytest.raises(ValueError, match=r'  1 missing: layer4\.1\.bn2\.running_var\n'):
        load_backbone(build(), path)


@pytest.mark.parametrize(
    'content, found',
    [
        (dict(state_dict=OTHERS), r'neck\.fc\.weight, head\.fc\.weight'),
        (dict(state_dict={}), 'nothing'),
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
def test_file_that_is_no_checkpoint_is_refused(content, tmp_path):
    path = tmp_path / 'checkpoint.pth'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r'cannot read .*checkpoint\.pth as a checkpoint of PyT'):
        backbone_weights(path)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'checkpoint not found: .*nowhere\.pth'):
        backbone_weights(tmp_path / 'nowhere.pth')


def test_report_counts_and_shows_the_first_twenty():
    own = {f'a{number}': torch.zeros(1) for number in range(21)}
    first = ', '.join(f'a{number}' for number in range(20))
    assert fit_report(own, {}) == f'  21 missing: {first}, ...'
    assert fit_report(own, own) == ''
