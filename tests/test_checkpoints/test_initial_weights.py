"""Weights to start from, in the layouts of other code bases."""

import pytest
import timm
import torch
import torchvision
from mmpretrain.registry import MODELS
from torch import nn

from npid_mm.checkpoints import initial_weights
from npid_mm.config.networks.by_name import network_config
from npid_mm.models import LibraryBackbone

NECK = {'neck.fc.weight': torch.rand(4, 64), 'neck.fc.bias': torch.rand(4)}
MLP = {'fc.0.weight': torch.rand(2, 2), 'fc.2.weight': torch.rand(2, 2)}


def small():
    """A ResNet as torchvision's, with few channels."""
    return MODELS.build(dict(network_config('resnet18-w16', 32), stem_channels=8, base_channels=8))


def model_state(backbone):
    state = {f'backbone.{name}': value for name, value in backbone.state_dict().items()}
    return state | {name: torch.zeros_like(value) for name, value in NECK.items()}


def prefixed(prefix, state):
    return {f'{prefix}{name}': value for name, value in state.items()}


LAYOUTS = {
    'bare': lambda w: w | MLP,
    'MoCo v1 and v2': lambda w: dict(
        state_dict=prefixed('module.encoder_q.', w | MLP)
        | prefixed('module.encoder_k.', {name: value + 1 for name, value in w.items()})
        | {'module.queue': torch.rand(2, 4)}
    ),
    'MoCo v3': lambda w: dict(
        state_dict=prefixed('module.base_encoder.', w | MLP)
        | prefixed('module.momentum_encoder.', w)
    ),
    'DINO': lambda w: dict(
        student=prefixed('module.backbone.', {name: value + 1 for name, value in w.items()}),
        teacher=prefixed('backbone.', w) | {'head.mlp.0.weight': torch.rand(2, 2)},
        epoch=3,
    ),
    'MMPretrain': lambda w: dict(state_dict=prefixed('backbone.', w) | {'head.fc.bias': MLP}),
    'an NPID': lambda w: dict(state_dict=prefixed('backbone.', w) | NECK),
}


@pytest.mark.parametrize('layout', LAYOUTS)
def test_a_layout_fills_the_backbone(tmp_path, layout):
    weights = {n: torch.rand(v.shape).to(v.dtype) for n, v in small().state_dict().items()}
    content = LAYOUTS[layout](weights)
    torch.save(content, tmp_path / 'weights.pth')
    own = model_state(small())
    found = initial_weights(own, tmp_path / 'weights.pth')
    for name, value in weights.items():
        assert torch.equal(found.state[f'backbone.{name}'], value), name
    assert (found.state.keys() - prefixed('backbone.', weights).keys()) == (
        NECK.keys() if layout == 'an NPID' else set()
    )
    assert any(' -> backbone.conv1.weight (8, 3, 3, 3)' in line for line in found.lines)
    if layout == 'MoCo v1 and v2':
        assert 'module.queue left out' in found.lines
        assert 'module.encoder_q.fc.0.weight left out' in found.lines
        assert len(found.lines) == len(content['state_dict'])


@pytest.mark.parametrize(
    ('library', 'name', 'make'),
    [
        ('timm', 'test_vit', lambda: timm.create_model('test_vit')),
        ('timm', 'test_convnext', lambda: timm.create_model('test_convnext')),
        ('torchvision', 'mobilenet_v3_small', lambda: torchvision.models.mobilenet_v3_small()),
    ],
)
def test_networks_of_other_libraries_fill_their_backbone(tmp_path, library, name, make):
    """A vision transformer for images of another size, too."""
    state = make().state_dict()
    torch.save(state, tmp_path / 'weights.pth')
    backbone = LibraryBackbone(library, name, 64)
    found = initial_weights(model_state(backbone), tmp_path / 'weights.pth')
    assert len(found.state) == len(backbone.state_dict())
    for key, value in found.state.items():
        if 'pos_embed' not in key:
            assert torch.equal(value, state[key.removeprefix('backbone.network.')]), key
    left = [line.split()[0] for line in found.lines if line.endswith('left out')]
    assert left and all(key.startswith(('head.', 'classifier.3')) for key in left)
    if name == 'test_vit':
        assert 'pos_embed resized from (1, 101, 64)' in found.lines


def test_position_embeddings_are_interpolated(tmp_path):
    """The class token keeps its own, and a constant stays constant."""
    backbone = LibraryBackbone('timm', 'test_vit', 64)
    state = timm.create_model('test_vit').state_dict()
    positions = torch.cat([torch.zeros(1, 1, 64), torch.full((1, 100, 64), 3.0)], 1)
    torch.save(state | {'pos_embed': positions}, tmp_path / 'weights.pth')
    found = initial_weights(model_state(backbone), tmp_path / 'weights.pth').state
    resized = found['backbone.network.pos_embed']
    assert resized.shape == backbone.network.pos_embed.shape == (1, 17, 64)
    assert not resized[:, 0].any()
    torch.testing.assert_close(resized[:, 1:], torch.full((1, 16, 64), 3.0))


def test_what_does_not_fit_is_refused(tmp_path):
    path, own = tmp_path / 'weights.pth', model_state(small())
    weights = dict(small().state_dict())
    for content, message in (
        ({k: v for k, v in weights.items() if k != 'conv1.weight'}, '1 missing: .*conv1.weight'),
        (weights | {'layer5.weight': torch.rand(2)}, 'weights.pth: .*1 unexpected: .*layer5'),
        (weights | {'conv1.weight': torch.rand(2)}, 'of another shape: backbone.conv1.weight'),
        (weights | {'conv1.weight': weights['conv1.weight'] * torch.nan}, 'holds NaN'),
        (prefixed('backbone.', weights) | {'neck.fc.weight': torch.rand(5, 64)}, 'neck.fc.bias'),
        (nn.Linear(2, 2).state_dict(), 'weights would stay unfilled'),
        ({'fc.weight': torch.rand(2)}, 'weights.pth holds no backbone, only fc.weight'),
    ):
        torch.save(content, path)
        with pytest.raises(ValueError, match=message):
            initial_weights(own, path)
