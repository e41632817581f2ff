"""Neighbors among the other rows compared with a dense sort."""

import pytest
import torch

from npid_mm.evaluation import leave_one_out_neighbors
from tests.toy import unit_rows


@pytest.mark.parametrize('k', [1, 5, 100])
def test_equals_a_dense_sort_without_the_diagonal(k):
    rows = unit_rows(40, 8)
    rows[7] = rows[3]  # copies are neighbors of each other
    similarity, index = leave_one_out_neighbors(rows, k)
    dense = (rows.double() @ rows.double().t()).fill_diagonal_(-2)
    expected, where = dense.sort(dim=1, descending=True, stable=True)
    k = min(k, 39)
    torch.testing.assert_close(similarity.double(), expected[:, :k], atol=1e-6, rtol=0)
    assert torch.equal(index, where[:, :k])
    assert index[3, 0] == 7 and index[7, 0] == 3


def test_too_few_rows_are_refused():
    with pytest.raises(ValueError, match='bank must have at least 2 rows, got 1'):
        leave_one_out_neighbors(unit_rows(1, 8), 1)
