"""StemResNet against MMPretrain's ResNet, and with the modules of the layer-wise probes."""

import pytest
import torch
from mmpretrain.models import ResNet

from npid_mm.models import LayerLinearHead, LayerPooling, StemResNet


@torch.no_grad()
def test_resnet50_at_224_has_the_sizes_of_the_protocol():
    """9216, 9216, 8192, 9216 and 8192, from maps of 64 to 2048 channels."""
    network = StemResNet(50)
    network.eval()
    maps = network(torch.randn(1, 3, 224, 224))
    assert [tuple(each.shape[1:]) for each in maps] == [
        (64, 112, 112),
        (256, 56, 56),
        (512, 28, 28),
        (1024, 14, 14),
        (2048, 7, 7),
    ]
    vectors = LayerPooling()(maps)
    assert [each.shape[1] for each in vectors] == [9216, 9216, 8192, 9216, 8192]
    scores = LayerLinearHead(10).eval()(vectors)
    assert {name: tuple(each.shape) for name, each in scores.items()} == {
        f'feature{number}': (1, 10) for number in range(1, 6)
    }


@pytest.mark.parametrize('deep_stem', [False, True])
def test_maps_are_those_of_mmpretrain_after_the_stem(deep_stem):
    kind = dict(depth=18, base_channels=8, stem_channels=8, deep_stem=deep_stem)
    expected, network = ResNet(**kind, out_indices=(0, 1, 2, 3)), StemResNet(**kind)
    for each in (expected, network):
        each.eval()
    network.load_state_dict(expected.state_dict())  # the same names
    images = torch.randn(2, 3, 64, 64)
    first = []
    expected.maxpool.register_forward_pre_hook(lambda module, args: first.append(args[0].clone()))
    maps = expected(images)
    for found, wanted in zip(network(images), (*first, *maps), strict=True):
        assert torch.equal(found, wanted)
    assert network(images)[0].shape == (2, 8, 32, 32)


def test_fewer_stages_give_fewer_maps():
    network = StemResNet(18, num_stages=2, strides=(1, 2), dilations=(1, 1))
    assert len(network(torch.randn(1, 3, 32, 32))) == 3
