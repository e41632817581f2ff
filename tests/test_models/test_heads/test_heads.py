"""The heads against the pure losses, dense softmax and what is written of Z."""

import pytest
import torch
from mmpretrain.registry import MODELS
from torch.nn import functional as F

from npid_mm import losses
from npid_mm.models import MemoryBank
from npid_mm.models.heads import nce_head
from tests.toy import unit_rows

N, D, B = 40, 8, 6
INDEX = torch.tensor([3, 0, 39, 7, 7, 12])


@pytest.fixture
def bank():
    torch.manual_seed(1)
    return MemoryBank(length=N, feat_dim=D, dtype='float64')


def build(name, **arguments):
    return MODELS.build(dict(type=name, **arguments))


def value_and_gradient(loss, feature):
    (gradient,) = torch.autograd.grad(loss, feature)
    return loss.detach(), gradient


def feature():
    return unit_rows(B, D, seed=2, dtype=torch.float64).requires_grad_()


def test_exact_head_equals_dense_softmax(bank):
    x, y = feature(), feature()
    got = value_and_gradient(
        build('ExactSoftmaxHead', temperature=0.1).loss(x, INDEX, bank)['loss'], x
    )
    dense = F.cross_entropy(y @ bank.feature_bank.T / 0.1, INDEX)
    torch.testing.assert_close(got, value_and_gradient(dense, y))


@pytest.mark.parametrize('exclude', [False, True])
def test_sampled_head_is_the_sampled_loss_of_its_own_draws(bank, exclude):
    head = build('SampledSoftmaxHead', num_negatives=9, temperature=0.2, exclude_positive=exclude)
    torch.manual_seed(5)
    loss = head.loss(feature(), INDEX, bank)['loss']
    torch.manual_seed(5)
    negatives = losses.draw_negatives(B, 9, N, exclude=INDEX if exclude else None)
    expected = losses.sampled_softmax_loss(feature(), bank.feature_bank, INDEX, negatives, 0.2)
    torch.testing.assert_close(loss, expected)
    if exclude:
        assert not (negatives == INDEX[:, None]).any()


def test_nce_head_is_the_nce_loss_with_z_of_the_first_batch(bank):
    head = build('NCEHead', num_negatives=9, temperature=0.2)
    torch.manual_seed(5)
    out = head.loss(feature(), INDEX, bank)
    torch.manual_seed(5)
    negatives = losses.draw_negatives(B, 9, N)
    with torch.no_grad():
        similarity = (feature()[:, None] * bank.feature_bank[negatives]).sum(2)
    z = float(N * (similarity / 0.2).exp().mean())
    assert float(out['z']) == pytest.approx(z, rel=1e-6)
    expected = losses.nce_loss(feature(), bank.feature_bank, INDEX, negatives, 0.2, z)
    torch.testing.assert_close(out['loss'], expected, rtol=1e-6, atol=0)


def test_z_is_the_mean_of_the_first_batches_and_then_stays(bank):
    head = build('NCEHead', num_negatives=9, temperature=0.2, z_batches=3)
    estimates, values = [], []
    for step in range(5):
        torch.manual_seed(step)
        negatives = losses.draw_negatives(B, 9, N)
        estimates.append(losses.estimate_z(feature(), bank.feature_bank, negatives, 0.2))
        torch.manual_seed(step)
        values.append(head.loss(feature(), INDEX, bank)['z'])
    for step, value in enumerate(values):
        expected = torch.stack(estimates[: min(step + 1, 3)]).mean()
        torch.testing.assert_close(value.double(), expected, rtol=1e-6, atol=0)


def test_z_momentum_goes_on_averaging(bank):
    head = build('NCEHead', num_negatives=9, temperature=0.2, z_momentum=0.25)
    expected = None
    for step in range(4):
        torch.manual_seed(step)
        negatives = losses.draw_negatives(B, 9, N)
        estimate = losses.estimate_z(feature(), bank.feature_bank, negatives, 0.2)
        expected = estimate if expected is None else 0.75 * expected + 0.25 * estimate
        torch.manual_seed(step)
        value = head.loss(feature(), INDEX, bank)['z']
        torch.testing.assert_close(value.double(), expected, rtol=1e-6, atol=0)


def test_z_comes_back_from_a_checkpoint_and_is_not_estimated_anew(bank):
    head, other = (build('NCEHead', num_negatives=9, temperature=0.2) for _ in range(2))
    head.loss(feature(), INDEX, bank)
    other.loss(unit_rows(B, D, seed=9, dtype=torch.float64), INDEX, bank)
    other.load_state_dict(head.state_dict())
    assert torch.equal(other.loss(feature(), INDEX, bank)['z'], head.z)


@pytest.mark.parametrize(
    ('options', 'warned'),
    [
        (dict(num_negatives=N), True),
        (dict(num_negatives=1), False),
        (dict(num_negatives=N, z_momentum=0.1), False),
    ],
)
def test_a_constant_z_beside_many_negatives_is_warned_of_once(bank, monkeypatch, options, warned):
    said = []
    monkeypatch.setattr(nce_head, 'print_log', lambda text, *_, **__: said.append(text))
    head = build('NCEHead', temperature=0.2, **options)
    for _ in range(2):
        head.loss(feature(), INDEX, bank)
    assert len(said) == warned
    assert all(f'{N} negatives and the constant Z' in text for text in said)
    assert all('model.head.z_momentum=0.1' in text for text in said)


def test_parametric_head_is_a_linear_classifier_over_instances(bank):
    head = build('ParametricSoftmaxHead', length=N, feat_dim=D, temperature=0.5).double()
    x = feature()
    expected = F.cross_entropy(x @ head.weight.T / 0.5, INDEX)
    torch.testing.assert_close(head.loss(x, INDEX, bank)['loss'], expected)
    with pytest.raises(ValueError, match='head.length is 41, but the memory bank has 40'):
        build('ParametricSoftmaxHead', length=41, feat_dim=D).double().loss(x, INDEX, bank)


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
        (dict(type='ExactSoftmaxHead', temperature=-1), 'temperature must be > 0, got -1'),
        (dict(type='ExactSoftmaxHead', temperature='warm'), "temperature must be > 0, got 'warm'"),
        (dict(type='NCEHead', proximal_weight=-1), 'proximal_weight must be >= 0, got -1'),
        (dict(type='NCEHead', num_negatives=0), 'num_negatives must be at least 1, got 0'),
        (dict(type='NCEHead', z_batches=0), 'z_batches must be at least 1, got 0'),
        (dict(type='NCEHead', z_momentum=1), r'z_momentum must be in \[0, 1\), got 1'),
        (dict(type='SampledSoftmaxHead', num_negatives=0), 'num_negatives must be at least 1'),
        (dict(type='ParametricSoftmaxHead', length=0), 'length must be at least 1, got 0'),
    ],
)
def test_wrong_arguments_are_named(head, message):
    # the registry wraps what a constructor raises, keeping type and text
    with pytest.raises(ValueError, match=message):
        MODELS.build(head)


def test_one_instance_has_no_negative_but_itself():
    head = build('SampledSoftmaxHead', num_negatives=5, exclude_positive=True)
    with pytest.raises(ValueError, match='one instance has no other'):
        head.loss(unit_rows(1, D), torch.tensor([0]), MemoryBank(length=1, feat_dim=D))
