"""NCE head against the pure loss, and its Z."""

import pytest
import torch

from npid_mm import losses
from npid_mm.models.heads import nce_head
from tests.test_models.test_heads.batch import INDEX, B, D, N, build, feature
from tests.toy import unit_rows


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


@pytest.mark.parametrize(
    ('options', 'weights'),
    [
        (dict(z_batches=3), [1, 1 / 2, 1 / 3, 0, 0]),
        (dict(z_momentum=0.25), [1, 0.25, 0.25, 0.25, 0.25]),
    ],
)
def test_z_is_the_mean_of_the_first_batches_and_then_constant_or_averaged(bank, options, weights):
    head = build('NCEHead', num_negatives=9, temperature=0.2, **options)
    expected = torch.zeros(())
    for step, weight in enumerate(weights):
        torch.manual_seed(step)
        negatives = losses.draw_negatives(B, 9, N)
        estimate = losses.estimate_z(feature(), bank.feature_bank, negatives, 0.2)
        expected = torch.lerp(expected.double(), estimate, weight)
        torch.manual_seed(step)
        value = head.loss(feature(), INDEX, bank)['z']
        torch.testing.assert_close(value.double(), expected, rtol=1e-6, atol=0)


def test_z_of_a_checkpoint_is_not_estimated_again(bank):
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
def test_a_constant_z_beside_many_negatives_causes_one_warning(bank, monkeypatch, options, warned):
    printed = []
    monkeypatch.setattr(nce_head, 'print_log', lambda text, *_, **__: printed.append(text))
    head = build('NCEHead', temperature=0.2, **options)
    for _ in range(2):
        head.loss(feature(), INDEX, bank)
    assert len(printed) == warned
    assert all(f'{N} negatives and the constant Z' in text for text in printed)
    assert all('model.head.z_momentum=0.1' in text for text in printed)
