"""LibraryBackbone against the networks of timm and torchvision, and what it refuses."""

import sys

import pytest
import timm
import torch
import torchvision
from torch import nn

from npid_mm.extras import MissingExtraError
from npid_mm.models import LibraryBackbone


@torch.no_grad()
@pytest.mark.parametrize(
    ('name', 'classifier'), [('mobilenet_v3_small', 'classifier.3'), ('shufflenet_v2_x0_5', 'fc')]
)
def test_torchvision_gives_what_its_classifier_takes(name, classifier):
    network = torchvision.models.get_model(name).eval()
    taken = []
    layer = network.get_submodule(classifier)
    layer.register_forward_pre_hook(lambda _, args: taken.append(args[0]))
    backbone = LibraryBackbone('torchvision', name)
    backbone.eval()
    state = network.state_dict()
    backbone.network.load_state_dict({n: each for n, each in state.items() if classifier not in n})
    images = torch.randn(2, 3, 32, 32)
    network(images)
    (feature,) = backbone(images)
    assert torch.equal(feature, taken[0])


@torch.no_grad()
@pytest.mark.parametrize(('pool', 'expected'), [(None, 'token'), ('avg', 'avg')])
def test_tokens_are_pooled_as_timm_does(pool, expected):
    """A vision transformer of other images than those of its name."""
    backbone = LibraryBackbone('timm', 'vit_tiny_patch16_224', 64, pool)
    backbone.eval()
    network = backbone.network
    images = torch.randn(2, 3, 64, 64)
    tokens = network.forward_features(images)
    assert tokens.shape == (2, 17, 192) and network.global_pool == expected
    mean = network.fc_norm(tokens[:, 1:].mean(1))
    (feature,) = backbone(images)
    torch.testing.assert_close(feature, mean if pool else tokens[:, 0])


def test_initial_weights_are_the_library_s():
    torch.manual_seed(0)
    backbone = LibraryBackbone('timm', 'test_convnext')
    torch.manual_seed(0)
    expected = timm.create_model('test_convnext', num_classes=0).state_dict()
    backbone.init_weights()
    state = backbone.network.state_dict()
    assert state.keys() == expected.keys()
    assert all(torch.equal(state[name], expected[name]) for name in state)
    assert not any(isinstance(each, nn.Linear) and each.out_features == 1000 for each in
                   backbone.modules())  # fmt: skip


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (('torch_hub', 'resnet18'), "library must be one of timm, torchvision, got 'torch_hub'"),
        (('timm', 'resnet19'), r"name 'resnet19', and has none: did you mean timm/resnet\d+"),
        (('timm', 'hf-hub:user/model'), "name 'hf-hub:user/model', and has none"),
        (('torchvision', 'resnet18x'), 'did you mean torchvision/resnet18'),
        (('torchvision', 'mnasnet0_5'), "a network of the name 'mnasnet0_5', and has none"),
        (('torchvision', 'googlenet'), "a network of the name 'googlenet', and has none"),
        (('torchvision', 'resnet18', 32, 'avg'), "must be None for torchvision, got 'avg'"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        LibraryBackbone(*arguments)


def test_a_missing_timm_is_told_with_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, 'timm', None)
    with pytest.raises(MissingExtraError, match=r"needs timm, .*\n?.*'npid-mm\[backbones\]'"):
        LibraryBackbone('timm', 'resnet18')
