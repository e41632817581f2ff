"""The search of one query at a time."""

import pytest
import torch

from npid_mm.evaluation import nearest_neighbors
from npid_mm.retrieval import exact
from tests.toy import unit_rows


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize('queries', [1, exact.FEW, exact.FEW + 1])
def test_it_finds_what_a_sort_of_all_similarities_finds(monkeypatch, dtype, queries):
    monkeypatch.setattr(exact, 'ROWS', 64)  # several blocks, the last one short
    rows, query = unit_rows(500, 16).to(dtype), unit_rows(queries, 16, seed=1)
    similarity, index = exact.exact_search(query, rows, 7)
    truth, order = (query.double() @ rows.double().t()).sort(dim=1, descending=True)
    assert torch.equal(index, order[:, :7])
    assert similarity.dtype == torch.float32
    torch.testing.assert_close(similarity.double(), truth[:, :7], rtol=0, atol=1e-6)


def test_equal_similarities_come_by_the_lower_index():
    """As in the search of many queries, also across the edge of the K nearest."""
    rows = unit_rows(3, 8).repeat(20, 1)
    query = unit_rows(1, 8, seed=1)
    few, many = (
        exact.exact_search(query.expand(count, -1), rows, 25)[1][0] for count in (1, exact.FEW + 1)
    )
    assert torch.equal(few, many)
    assert torch.equal(few, nearest_neighbors(query.double(), rows.double(), 25)[1][0])


def test_more_neighbours_than_rows_are_all_rows():
    similarity, index = exact.exact_search(unit_rows(2, 8, seed=1), unit_rows(3, 8), 10)
    assert similarity.shape == index.shape == (2, 3)
