"""Features of every layer: the maps of a ResNet, their pooling and their classifiers."""

import pytest
import torch
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmpretrain.models import ResNet
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch.nn import functional as F

from npid_mm.models import LayerLinearHead, LayerPooling, StemResNet


def maps_of(*sizes, channels=2):
    return [torch.randn(1, channels, size, size) for size in sizes]


@torch.no_grad()
def test_resnet50_at_224_gives_the_protocols_sizes():
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
def test_stem_resnet_is_mmpretrains_and_its_stem(deep_stem):
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


def test_pooling_is_the_mean_of_windows():
    """Kernel 2, stride 1, no padding: positions of a window, channel by channel."""
    (image,) = maps_of(3)
    (pooled,) = LayerPooling([(2, 1, 0)])([image])
    expected = [
        image[0, channel, y : y + 2, x : x + 2].mean()
        for channel in range(2)
        for y in range(2)
        for x in range(2)
    ]
    torch.testing.assert_close(pooled[0], torch.stack(expected))


def test_too_small_maps_are_named():
    with pytest.raises(
        ValueError,
        match=r'the map of feature3 is 12 x 12, smaller than its pool of 13 x 13.*larger images',
    ):
        LayerPooling()(maps_of(112, 56, 12, 14, 7))
    # the padding of the first pool counts
    LayerPooling([(10, 10, 4)])(maps_of(2))
    with pytest.raises(ValueError, match=r'feature1 is 1 x 1'):
        LayerPooling([(10, 10, 4)])(maps_of(1))


def test_other_numbers_of_maps_are_refused():
    with pytest.raises(ValueError, match='the backbone gives 4 maps, but LayerPooling has 5 pools'):
        LayerPooling()(maps_of(56, 28, 14, 7))


def make_head(**arguments):
    return LayerLinearHead(
        **dict(num_classes=3, channels=(2, 4), in_channels=(8, 4), norm='BN1d') | arguments
    )


def test_head_normalises_channels_of_the_pooled_maps():
    """Against batch norm over (B, C, h, w), whose statistics it keeps, and a linear layer."""
    head = make_head()
    maps = [5 + 3 * torch.randn(6, 2, 2, 2), torch.randn(6, 4, 1, 1)]
    scores = head([each.flatten(1) for each in maps])
    for index, image in enumerate(maps):
        mean, std = (
            image.mean((0, 2, 3), keepdim=True),
            image.std((0, 2, 3), unbiased=False, keepdim=True),
        )
        flat = ((image - mean) / (std**2 + 1e-5).sqrt()).flatten(1)
        torch.testing.assert_close(scores[f'feature{index + 1}'], head.fcs[index](flat))
    # momentum 0.1
    torch.testing.assert_close(head.norms[0].running_mean, 0.1 * maps[0].mean((0, 2, 3)))
    assert not list(head.norms.parameters())


def test_head_loss_and_prediction():
    head = make_head()
    vectors = [torch.randn(5, 8), torch.randn(5, 4)]
    samples = [DataSample().set_gt_label(label) for label in (0, 1, 2, 1, 0)]
    scores = head(vectors)
    losses = head.loss(vectors, samples)
    assert set(losses) == {'feature1.loss', 'feature2.loss'}
    for name in scores:
        expected = F.cross_entropy(scores[name], torch.tensor([0, 1, 2, 1, 0]))
        torch.testing.assert_close(losses[f'{name}.loss'], expected)
    head.eval()
    scores = head(vectors)
    for row, sample in enumerate(head.predict(vectors, samples)):
        assert set(sample.layer_scores) == {'feature1', 'feature2'}
        assert torch.equal(sample.layer_scores['feature2'], scores['feature2'][row])


def test_head_starts_as_the_protocol_says():
    head = make_head(in_channels=(8000, 4), channels=(2, 4), num_classes=20)
    head.init_weights()
    weight = head.fcs[0].weight.detach()
    assert float(weight.std()) == pytest.approx(0.01, rel=0.02)
    assert weight.mean().abs() < 1e-4 and not head.fcs[0].bias.any()


def test_default_norm_spans_the_ranks_and_runs_on_one():
    """MMEngine's Runner exchanges SyncBN where there are no ranks."""
    head = LayerLinearHead(num_classes=3, channels=(2, 4), in_channels=(8, 4))
    assert all(isinstance(norm, torch.nn.SyncBatchNorm) for norm in head.norms)
    alone = revert_sync_batchnorm(head)
    assert alone([torch.randn(5, 8), torch.randn(5, 4)])['feature1'].shape == (5, 3)


@pytest.mark.parametrize(
    'arguments',
    [dict(in_channels=(9, 4)), dict(in_channels=(8,)), dict(channels=(2, 4, 8))],
)
def test_head_with_unfitting_lengths_is_refused(arguments):
    with pytest.raises(ValueError, match='in_channels must have a multiple of the channels'):
        make_head(**arguments)


def test_all_are_registered():
    init_default_scope('mmpretrain')
    for name in ('StemResNet', 'LayerPooling', 'LayerLinearHead', 'ProbeClassifier'):
        assert MODELS.get(name).__name__ == name
