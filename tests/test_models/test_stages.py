"""Stages of networks of three libraries, and freezing them."""

import pytest
import torch
from mmpretrain.registry import MODELS
from torch import nn

from npid_mm.config.networks.by_name import network_config
from npid_mm.models.stages import freeze_stages, parameter_stages
from tests.toy import build_npid


@pytest.mark.parametrize(
    ('name', 'expected', 'count'),
    [
        (
            'resnet18',
            {'conv1.weight': 0, 'layer1.0.conv1.weight': 1, 'layer4.1.bn2.bias': 4},
            4,
        ),
        (
            'mmpretrain/vit_deit-tiny',
            {'cls_token': 0, 'pos_embed': 0, 'layers.0.ln1.weight': 1, 'ln1.weight': 13},
            12,
        ),
        (
            'mmpretrain/convnext_atto',
            {'downsample_layers.2.1.weight': 3, 'stages.2.0.gamma': 3, 'norm3.weight': 5},
            4,
        ),
        ('mmpretrain/efficientnet_b0', {'layers.0.conv.weight': 1, 'layers.6.conv.weight': 7}, 7),
        (
            'timm/test_vit',
            {'network.cls_token': 0, 'network.blocks.1.norm1.weight': 2, 'network.norm.weight': 7},
            6,
        ),
        (
            'torchvision/densenet121',
            {
                'network.features.conv0.weight': 0,
                'network.features.denseblock1.denselayer1.norm1.weight': 1,
                'network.features.transition1.conv.weight': 1,
                'network.features.norm5.weight': 5,
            },
            4,
        ),
        (
            'torchvision/mobilenet_v3_small',
            {'network.features.0.0.weight': 1, 'network.classifier.0.weight': 14},
            13,
        ),
    ],
)
def test_stages_follow_the_numbers_of_the_parts(name, expected, count):
    network = MODELS.build(network_config(name, 32))
    stages, found = parameter_stages(network)
    assert found == count and stages.keys() == dict(network.named_parameters()).keys()
    assert {name: stages[name] for name in expected} == expected


def test_frozen_stages_keep_weights_and_statistics():
    frozen = MODELS.build(
        dict(
            type='NPID',
            backbone=dict(network_config('resnet18-w16', 32), norm_cfg=dict(type='BN')),
            neck=dict(type='LinearNeck', in_channels=128, out_channels=16, gap_dim=2),
            head=dict(type='ExactSoftmaxHead'),
            memory_bank=dict(type='MemoryBank', length=4),
            frozen_stages=2,
        )
    )
    frozen.train()
    before = {name: value.clone() for name, value in frozen.state_dict().items()}
    frozen.embed(torch.randn(4, 3, 32, 32)).sum().backward()
    torch.optim.SGD(frozen.parameters(), 0.1).step()
    changed = {
        name.removeprefix('backbone.').partition('.')[0]
        for name, value in frozen.state_dict().items()
        if not torch.equal(value, before[name])
    }
    assert changed == {'layer3', 'layer4', 'neck'}


def test_depths_of_parameters():
    model = build_npid(dict(type='ExactSoftmaxHead'), length=4)
    depths = [
        model.get_layer_depth(name)
        for name in ('backbone.conv1.weight', 'backbone.layer2.0.conv1.weight', 'neck.fc.weight')
    ]
    assert depths == [(0, 6), (2, 6), (5, 6)]


def test_wrong_numbers_are_refused():
    network = nn.Sequential(*(nn.Linear(2, 2) for _ in range(3)))
    with pytest.raises(ValueError, match='from 0 to 3, the stages of this Sequential, got 4'):
        freeze_stages(network, 4)
    with pytest.raises(ValueError, match='have at least 3 numbered parts, .* got Linear'):
        parameter_stages(nn.Linear(2, 2))
