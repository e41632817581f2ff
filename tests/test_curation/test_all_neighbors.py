"""Neighbors of all rows compared with a dense sort."""

import pytest
import torch

from npid_mm.curation import all_neighbors
from npid_mm.curation.all_neighbors import _merge
from tests.toy import unit_rows


def clustered(count, seed=0):
    """Rows around 40 directions, of which every tenth has a near copy."""
    generator = torch.Generator().manual_seed(seed)
    rows = unit_rows(40, 16)[torch.randint(40, (count,), generator=generator)]
    rows = rows + 0.2 * torch.randn(count, 16, generator=generator)
    rows[1::10] = rows[::10] + 0.01 * torch.randn(len(rows[::10]), 16, generator=generator)
    return torch.nn.functional.normalize(rows)


def test_an_exact_search_equals_a_dense_sort():
    rows = unit_rows(50, 8)
    found = all_neighbors(rows, 4)
    dense = (rows @ rows.t()).fill_diagonal_(-2).sort(dim=1, descending=True)
    torch.testing.assert_close(found.similarity, dense.values[:, :4])
    assert torch.equal(found.indices, dense.indices[:, :4]) and found.recall == 1


@pytest.mark.parametrize('dtype', [torch.float32, torch.float16])
def test_a_search_in_parts_finds_the_copies(dtype):
    """And it measures what it finds; similarities are true, and no neighbor occurs twice."""
    rows = clustered(6000)
    found = all_neighbors(rows.to(dtype), 5, exact_rows=1000)
    exact = all_neighbors(rows, 5)
    hits = (found.indices[:, :1] == exact.indices[:, :1]).float()
    assert hits[::10].mean() > 0.99 and hits[1::10].mean() > 0.99
    assert found.recall == pytest.approx(float(hits.mean()), abs=0.05) and hits.mean() > 0.9
    cosine = (rows[:, None] * rows[found.indices]).sum(dim=2)
    torch.testing.assert_close(found.similarity, cosine, atol=2e-3, rtol=0)
    assert (found.similarity[:, 1:] <= found.similarity[:, :-1]).all()
    assert (found.indices.sort(dim=1).values.diff(dim=1) > 0).all()
    assert (found.indices != torch.arange(6000)[:, None]).all()


def test_neighbors_of_two_parts_are_merged():
    """A neighbor that both parts have counts once, and missing ones are marked."""
    similarity, index = torch.full((2, 3), -torch.inf), torch.full((2, 3), -1)
    _merge(similarity, index, torch.tensor([1]), torch.tensor([[0.9, 0.2]]), torch.tensor([[7, 8]]))
    _merge(similarity, index, torch.tensor([1]), torch.tensor([[0.9, 0.5]]), torch.tensor([[7, 9]]))
    assert index.tolist() == [[-1, -1, -1], [7, 9, 8]]
    torch.testing.assert_close(similarity[1], torch.tensor([0.9, 0.5, 0.2]))


def test_wrong_numbers_are_named():
    with pytest.raises(ValueError, match='k must be at least 1, got 0'):
        all_neighbors(unit_rows(5, 4), 0)
    with pytest.raises(ValueError, match='exact_rows must be at least 2, got 1'):
        all_neighbors(unit_rows(5, 4), 1, exact_rows=1)
