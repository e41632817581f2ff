"""Indexes and checkpoints that do not fit a memory bank."""

import pytest
import torch

from npid_mm.models import MemoryBank, ShardedMemoryBank


@pytest.mark.parametrize('index', [[0, 10], [-1, 3]])
def test_an_index_outside_the_bank_is_refused(index):
    with pytest.raises(IndexError, match=r'sample_idx (10|-1) is outside .* 10 rows \(0 to 9\)'):
        MemoryBank(length=10).check_index(torch.tensor(index))


def test_a_bank_without_rows_names_the_hook():
    """A model in MMPretrain's runtime lacks the hook."""
    message = r"no rows yet: add default_hooks = dict\(memory_bank=dict\(type='MemoryBankHook'\)\)"
    with pytest.raises(ValueError, match=message):
        MemoryBank().check_index(torch.tensor([0]))


@pytest.mark.parametrize('kind', [MemoryBank, ShardedMemoryBank])
@pytest.mark.parametrize(
    ('shape', 'message'),
    [
        ((12, 8), 'memory bank of 12 rows, but the bank has 10'),
        ((10, 16), r'shape \(10, 16\), but memory_bank.feat_dim is 8'),
    ],
)
def test_a_checkpoint_of_another_shape_is_refused(kind, shape, message):
    with pytest.raises(ValueError, match=message):
        kind(length=10, feat_dim=8).load_state_dict(dict(feature_bank=torch.ones(shape)))


@pytest.mark.parametrize(
    ('value', 'norm'), [(0.0, '0'), (100.0, '100'), (torch.nan, 'nan'), (torch.inf, 'inf')]
)
@pytest.mark.parametrize('dtype', ['float32', 'float64', 'bfloat16', 'float16'])
def test_rows_that_are_not_unit_vectors_are_refused(value, norm, dtype):
    rows = MemoryBank(length=6, feat_dim=8, dtype=dtype).feature_bank.clone()
    MemoryBank(feat_dim=8, dtype=dtype).load_state_dict(dict(feature_bank=rows))
    rows[2:4] = 0
    rows[2:4, 1] = value
    message = f'must be unit vectors, but 2 of the 6 rows .* the first row 2 of norm {norm}: the'
    for bank in (MemoryBank(feat_dim=8), ShardedMemoryBank(length=6, feat_dim=8)):
        with pytest.raises(ValueError, match=message):
            bank.load_state_dict(dict(feature_bank=rows))
