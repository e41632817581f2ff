"""Memory bank against its formulas, row by row."""

import numpy as np
import pytest
import torch

from npid_mm.models import MemoryBank
from tests.toy import unit_rows


def plain_update(bank, feature, index, momentum):
    """Float64 loop over rows: v <- normalize((1 - m) v + m mean of its features)."""
    bank, feature = bank.double().numpy().copy(), feature.double().numpy()
    for row in set(index.tolist()):
        mean = np.mean(feature[index.numpy() == row], axis=0)
        moved = (1 - momentum) * bank[row] + momentum * mean
        bank[row] = moved / np.sqrt((moved**2).sum())
    return torch.from_numpy(bank)


@pytest.mark.parametrize('momentum', [0.5, 0.9, 1.0])
def test_update_equals_the_formula_with_repeated_indexes(momentum):
    bank = MemoryBank(length=20, feat_dim=8, momentum=momentum, dtype='float64')
    before = bank.feature_bank.clone()
    feature, index = unit_rows(7, 8, dtype=torch.float64), torch.tensor([3, 0, 3, 19, 3, 0, 5])
    bank.update(feature, index)
    torch.testing.assert_close(
        bank.feature_bank, plain_update(before, feature, index, momentum), rtol=1e-12, atol=1e-12
    )


def test_repeated_index_gives_the_same_bits_in_any_order():
    feature, index = unit_rows(64, 8), torch.arange(64) % 5
    banks = []
    for seed in range(3):
        torch.manual_seed(0)
        bank = MemoryBank(length=9, feat_dim=8)
        order = torch.randperm(64, generator=torch.Generator().manual_seed(seed))
        bank.update(feature[order], index[order])
        banks.append(bank.feature_bank)
    assert torch.equal(banks[0], banks[1]) and torch.equal(banks[0], banks[2])


def test_half_bank_is_updated_in_float32_arithmetic():
    """The stored row is the float32 result, rounded once."""
    bank = MemoryBank(length=10, feat_dim=64, dtype='bfloat16')
    before, feature, index = bank.feature_bank.clone(), unit_rows(4, 64), torch.tensor([1, 2, 3, 3])
    bank.update(feature, index)
    expected = plain_update(before, feature, index, 0.5).float().bfloat16()
    assert torch.equal(bank.feature_bank, expected)


def test_a_feature_that_is_not_finite_moves_no_row():
    """Features may overflow in mixed precision, and a row of NaN would spoil every later loss."""
    bank = MemoryBank(length=5, feat_dim=8)
    before = bank.feature_bank.clone()
    feature = unit_rows(3, 8)
    feature[1] = torch.nan
    bank.update(feature, torch.tensor([0, 2, 4]))
    moved = (bank.feature_bank != before).any(1).tolist()
    assert moved == [True, False, False, False, True]
    assert bank.feature_bank.isfinite().all()


def test_features_of_another_length_are_normalized():
    """As in MMSelfSup, where the bank is updated by hand."""
    feature, index = unit_rows(3, 8), torch.tensor([0, 2, 2])
    length = torch.tensor([[3.0], [0.1], [20.0]])
    banks = []
    for factor in (1.0, length):
        torch.manual_seed(0)
        banks.append(MemoryBank(length=5, feat_dim=8))
        banks[-1].update(factor * feature, index)
    torch.testing.assert_close(banks[0].feature_bank, banks[1].feature_bank)


@pytest.mark.parametrize('momentum', [0.5, 1.0])
def test_no_row_becomes_zeros(momentum):
    """A feature of zeros or the opposite of the row may not do so."""
    bank = MemoryBank(length=5, feat_dim=8, momentum=momentum)
    before = bank.feature_bank.clone()
    bank.update(torch.stack([torch.zeros(8), -before[1]]), torch.tensor([0, 1]))
    torch.testing.assert_close(bank.feature_bank.norm(dim=1), torch.ones(5))
    torch.testing.assert_close(bank.feature_bank[0], before[0])


def test_drift_is_the_mean_of_one_minus_cosine():
    bank = MemoryBank(length=5, feat_dim=8, momentum=1.0)
    old = bank.feature_bank[[1, 2]].clone()
    feature = unit_rows(2, 8)
    bank.update(feature, torch.tensor([1, 2]))
    assert bank.pop_drift() == pytest.approx(float((1 - (old * feature).sum(1)).mean()), rel=1e-5)
    assert bank.pop_drift() == 0


def test_a_bank_without_length_takes_it_from_the_checkpoint():
    saved = MemoryBank(length=7, feat_dim=8).state_dict()
    assert list(saved) == ['feature_bank']
    bank = MemoryBank(feat_dim=8)
    bank.load_state_dict(saved)
    assert bank.length == 7 and bank.initialized_from == 'checkpoint'
    assert torch.equal(bank.feature_bank, saved['feature_bank'])


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(momentum=0), r'momentum \(weight of the new feature\) must be in \(0, 1\], got 0'),
        (dict(momentum=1.5), r'momentum .* got 1.5'),
        (dict(feat_dim=0), 'feat_dim must be at least 1, got 0'),
        (dict(dtype='int8'), "dtype must be one of .*'bfloat16'.*, got 'int8'"),
        (dict(init='zeros'), "init must be one of .*'features'.*, got 'zeros'"),
        (dict(length=0), None),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    message = message or 'length of the memory bank must be at least 1, got 0'
    with pytest.raises(ValueError, match=message):
        MemoryBank(**arguments)


def test_another_length_than_the_data_is_refused():
    bank = MemoryBank(length=10)
    bank.set_length(10)
    with pytest.raises(ValueError, match='length is 10, but the data has 12 instances'):
        bank.set_length(12)


@pytest.mark.parametrize('selection', [{}, dict(exclude=[0, 1]), dict(negatives=[[3], [2]])])
def test_reduce_passes_the_rows_and_what_is_selected_of_them(selection):
    bank, feature = MemoryBank(length=5, feat_dim=8), unit_rows(2, 8).requires_grad_()

    def statistic(feature, rows, **given):
        assert rows is bank.feature_bank and not feature.requires_grad
        return given

    assert bank.reduce(statistic, feature, **selection) == selection
