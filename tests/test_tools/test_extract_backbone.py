"""tools/model_converters/extract_backbone.py on checkpoints of each code base."""

import pytest
import torch
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from torchvision import models

from npid_mm.checkpoints import load_backbone
from tests.test_checkpoints import foreign

TOOL = '../model_converters/extract_backbone.py'


@pytest.fixture(scope='module')
def parts():
    return foreign.resnet_parts()


@pytest.fixture
def weights(parts):
    """Return the backbone's weights under torchvision's names."""
    start = 'backbone.'
    return {k.removeprefix(start): v for k, v in parts.items() if k.startswith(start)}


@pytest.fixture
def resnet():
    """Build MMPretrain's ResNet-18, initialized as in a detector's config."""
    init_default_scope('mmpretrain')
    return lambda **init_cfg: MODELS.build(dict(type='ResNet', depth=18, **init_cfg))


@pytest.mark.parametrize(
    ('code_base', 'zipped'), [*((name, True) for name in foreign.WRITERS), ('lemniscate', False)]
)
def test_the_backbone_of_every_code_base_is_written(
    code_base, zipped, run, parts, weights, tmp_path
):
    """Also from a file from before torch 1.6."""
    checkpoint = foreign.write(foreign.WRITERS[code_base](parts), tmp_path / 'in.pth', zipped)
    out = tmp_path / 'new/backbone.pth'
    code, text = run(TOOL, checkpoint, out)
    assert code == 0, text
    assert 'all weights of the resnet18 of torchvision matched, 120 keys' in text
    state = torch.load(out, weights_only=True)
    assert state.keys() == weights.keys()
    assert all(torch.equal(state[name], value) for name, value in weights.items())


def test_the_written_backbone_is_loaded_by_all(run, parts, weights, resnet, tmp_path):
    out = tmp_path / 'backbone.pth'
    assert run(TOOL, foreign.write(foreign.mmselfsup1(parts), tmp_path / 'in.pth'), out)[0] == 0
    # torchvision
    network = models.resnet18()
    state = torch.load(out, weights_only=True)
    missing, unexpected = network.load_state_dict(state, strict=False)
    assert missing == ['fc.weight', 'fc.bias'] and unexpected == []
    assert all(torch.equal(network.state_dict()[name], value) for name, value in weights.items())
    # MMEngine's initialization, which skips what does not fit, and ours
    initialized = resnet(init_cfg=dict(type='Pretrained', checkpoint=str(out)))
    initialized.init_weights()
    ours = resnet()
    load_backbone(ours, out)
    for network in (initialized, ours):
        own = network.state_dict()
        assert own.keys() == weights.keys()
        assert all(torch.equal(own[name], value) for name, value in weights.items())


def test_the_report_names_the_unused_keys(run, parts, tmp_path):
    checkpoint = foreign.write(foreign.mmselfsup1(parts), tmp_path / 'in.pth')
    code, text = run(TOOL, checkpoint, tmp_path / 'out.pth')
    assert code == 0
    assert 'renamed  120  state_dict.backbone.* -> * (conv1.weight ... layer4.1.bn2.num_' in text
    assert 'left       2  state_dict.neck.* (fc.weight, fc.bias)' in text
    assert 'memory_bank.* (feature_bank, multinomial.prob, multinomial.alias)' in text


def test_weights_without_counters_of_norms_are_complete(run, parts, tmp_path):
    checkpoint = foreign.write(
        foreign.lemniscate(parts, counters=False), tmp_path / 'in.pth', False
    )
    code, text = run(TOOL, checkpoint, tmp_path / 'out.pth')
    assert code == 0
    assert 'matched, 100 keys (without the batch counters of norms, which are not needed)' in text
    network = models.resnet18(num_classes=16)
    state = torch.load(tmp_path / 'out.pth', weights_only=True)
    assert network.load_state_dict(state, strict=False).unexpected_keys == []


@pytest.mark.parametrize(
    'change, message',
    [
        (
            lambda state: state.pop('backbone.layer4.1.conv2.weight'),
            'not the resnet18 of torchvision: 1 missing: layer4.1.conv2.weight',
        ),
        (
            lambda state: state.update({'backbone.conv1.weight': torch.ones(64, 3, 3, 3)}),
            '1 of another shape: conv1.weight (64, 3, 3, 3) instead of (64, 3, 7, 7)',
        ),
        (
            lambda state: state.update({'backbone.extra.weight': torch.ones(1)}),
            '1 unexpected: extra.weight',
        ),
    ],
)
def test_an_incomplete_resnet_is_refused(change, message, run, parts, tmp_path):
    content = foreign.mmselfsup0(parts)
    change(content['state_dict'])
    out = tmp_path / 'out.pth'
    code, text = run(TOOL, foreign.write(content, tmp_path / 'in.pth'), out)
    assert code == 1 and 'error: the backbone is' in text and message in text
    assert [path.name for path in tmp_path.iterdir()] == ['in.pth']


@pytest.mark.parametrize(
    'content, message',
    [
        (
            {'backbone.features.0.weight': torch.ones(1)},
            'the backbone is not a ResNet: none of ',
        ),
        ({'neck.fc.weight': torch.ones(1)}, 'holds no backbone, only neck.fc.weight'),
    ],
)
def test_a_checkpoint_without_a_resnet_is_refused(content, message, run, tmp_path):
    code, text = run(TOOL, foreign.write(content, tmp_path / 'in.pth'), tmp_path / 'out.pth')
    assert code == 1 and message in text and not (tmp_path / 'out.pth').exists()
