"""Measures of neighbors compared with plain loops and SciPy."""

import pytest
import torch
from scipy.stats import skew

from npid_mm.evaluation import hubness, neighbor_overlap, own_row_share
from tests.toy import unit_rows


def test_own_row_share_counts_the_queries_that_find_their_row():
    bank = unit_rows(30, 8)
    index = torch.arange(0, 30, 3)
    query = bank[index].clone()
    query[:4] = -query[:4]  # the farthest row of all
    assert own_row_share(query, bank, index) == pytest.approx(0.6)


def test_own_row_share_of_a_collapsed_bank_is_at_chance_level():
    """Equal rows do not count as found."""
    rows = unit_rows(1, 8).expand(20, 8)
    assert own_row_share(rows, rows, torch.arange(20)) == pytest.approx(1 / 20)


def test_neighbor_overlap_equals_sets():
    generator = torch.Generator().manual_seed(0)
    first, second = (
        torch.stack([torch.randperm(12, generator=generator)[:5] for _ in range(40)])
        for _ in range(2)
    )
    pairs = zip(first.tolist(), second.tolist(), strict=True)
    expected = sum(len(set(a) & set(b)) / 5 for a, b in pairs) / 40
    assert neighbor_overlap(first, second) == pytest.approx(expected)
    assert neighbor_overlap(first, first.flip(1)) == 1


def test_hubness_is_the_skewness_of_the_counts():
    neighbors = torch.randint(20, (50, 4), generator=torch.Generator().manual_seed(0)) ** 2 // 20
    counts = torch.bincount(neighbors.flatten(), minlength=20).numpy()
    assert hubness(neighbors, 20) == pytest.approx(skew(counts))
    assert hubness(torch.arange(6).view(6, 1), 6) == 0


@pytest.mark.parametrize(
    ('call', 'message'),
    [
        (
            lambda: own_row_share(torch.eye(2), torch.eye(2), torch.tensor([0])),
            r'index must be one row .* got \(1,\) for 2',
        ),
        (
            lambda: own_row_share(torch.eye(2), torch.eye(2), torch.tensor([0, 2])),
            r'index must be integers in \[0, 2\), got \[0, 2\]',
        ),
        (
            lambda: neighbor_overlap(torch.ones(2, 3), torch.ones(2, 4)),
            r'must have one shape \(Q, K\) .* got \(2, 3\) and \(2, 4\)',
        ),
        (lambda: hubness(torch.tensor([[3]]), 3), r'neighbors must be integers in \[0, 3\)'),
        (lambda: hubness(torch.tensor([[0]]), 0), 'length must be at least 1'),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
