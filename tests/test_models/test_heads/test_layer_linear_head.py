"""Linear classifiers on every layer."""

import pytest
import torch
from mmengine.model import revert_sync_batchnorm
from mmpretrain.structures import DataSample
from torch.nn import functional as F

from npid_mm.models import LayerLinearHead


def make_head(**arguments):
    return LayerLinearHead(
        **dict(num_classes=3, channels=(2, 4), in_channels=(8, 4), norm='BN1d') | arguments
    )


def test_head_normalizes_channels_of_the_pooled_maps():
    """Compare with batch norm over (B, C, h, w) and a linear layer."""
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


def test_head_is_initialized_as_in_the_protocol():
    head = make_head(in_channels=(8000, 4), channels=(2, 4), num_classes=20)
    head.init_weights()
    weight = head.fcs[0].weight.detach()
    assert float(weight.std()) == pytest.approx(0.01, rel=0.02)
    assert weight.mean().abs() < 1e-4 and not head.fcs[0].bias.any()


def test_default_norm_spans_the_ranks_and_runs_on_one():
    """MMEngine's Runner replaces SyncBN on a single process."""
    head = LayerLinearHead(num_classes=3, channels=(2, 4), in_channels=(8, 4))
    assert all(isinstance(norm, torch.nn.SyncBatchNorm) for norm in head.norms)
    alone = revert_sync_batchnorm(head)
    assert alone([torch.randn(5, 8), torch.randn(5, 4)])['feature1'].shape == (5, 3)


@pytest.mark.parametrize(
    'arguments',
    [dict(in_channels=(9, 4)), dict(in_channels=(8,)), dict(channels=(2, 4, 8))],
)
def test_head_with_incompatible_lengths_is_refused(arguments):
    with pytest.raises(ValueError, match='in_channels must have a multiple of the channels'):
        make_head(**arguments)
