"""Proximal term and checks of arguments that all heads share."""

import pytest
import torch
from mmpretrain.registry import MODELS

from tests.test_models.test_heads.batch import INDEX, B, D, N, feature


@pytest.mark.parametrize(
    'head',
    [
        dict(type='ExactSoftmaxHead'),
        dict(type='SampledSoftmaxHead', num_negatives=5),
        dict(type='NCEHead', num_negatives=5),
        dict(type='ParametricSoftmaxHead', length=N, feat_dim=D),
    ],
)
def test_every_head_adds_the_proximal_term_and_leaves_the_bank_alone(bank, head):
    """Paper, Eq. 9 and 10: lambda times the mean squared distance to the own row."""
    before = bank.feature_bank.clone()
    x = feature()
    out = MODELS.build(dict(head, proximal_weight=10.0)).double().loss(x, INDEX, bank)
    expected = 10 * sum(((x[i] - before[INDEX[i]]) ** 2).sum() for i in range(B)) / B
    torch.testing.assert_close(out['proximal_loss'], expected)
    assert 'proximal_loss' not in MODELS.build(head).double().loss(x, INDEX, bank)
    assert torch.equal(bank.feature_bank, before)


@pytest.mark.parametrize(
    ('head', 'message'),
    [
        (dict(type='ExactSoftmaxHead', temperature=0), 'temperature must be > 0, got 0'),
        (dict(type='NCEHead', proximal_weight=-1), 'proximal_weight must be >= 0, got -1'),
        (dict(type='NCEHead', num_negatives=0), 'num_negatives must be at least 1, got 0'),
        (dict(type='NCEHead', z_batches=0), 'z_batches must be at least 1, got 0'),
        (dict(type='NCEHead', z_momentum=1), r'z_momentum must be in \[0, 1\), got 1'),
        (dict(type='SampledSoftmaxHead', num_negatives=0), 'num_negatives must be at least 1'),
        (dict(type='ParametricSoftmaxHead', length=0), 'length must be at least 1, got 0'),
    ],
)
def test_wrong_arguments_are_refused(head, message):
    # the registry wraps what a constructor raises, keeping type and text
    with pytest.raises(ValueError, match=message):
        MODELS.build(head)


SAMPLED = dict(type='SampledSoftmaxHead', num_negatives=20_000, exclude_positive=True)


@pytest.mark.parametrize(
    ('head', 'rows', 'tolerance'),
    [
        (dict(type='ExactSoftmaxHead', temperature=0.3), 'bank', 1e-6),
        (dict(SAMPLED, temperature=0.3), 'bank', 0.05),
        (dict(type='NCEHead', num_negatives=20_000, temperature=0.3), 'bank', 0.2),
        (dict(type='ParametricSoftmaxHead', length=N, feat_dim=D), 'weight', 1e-6),
    ],
)
def test_every_head_gives_the_probability_of_the_own_row(bank, head, rows, tolerance):
    """Paper, Eq. 2; NCE uses one Z for all samples."""
    x, head = feature(), MODELS.build(head).double()
    head.loss(x, INDEX, bank)
    rows = bank.feature_bank if rows == 'bank' else head.weight
    logits = (x @ rows.t() / head.temperature).detach()
    expected = logits.softmax(dim=1)[torch.arange(B), INDEX]
    if head.__class__.__name__ == 'NCEHead':
        expected = logits[torch.arange(B), INDEX].exp() / logits.exp().sum(1).mean()
    torch.testing.assert_close(head.own_probability, expected, rtol=tolerance, atol=0)
    assert not head.own_probability.requires_grad
