"""Exact search with NumPy has the neighbors and the order of torch's."""

import numpy as np
import pytest
import torch

from npid_mm.evaluation import nearest_neighbors
from npid_mm.retrieval import exact_search
from npid_mm.retrieval.exact_search import nearest_rows
from npid_mm.retrieval.index.row_file import as_float32
from tests.toy import unit_rows


@pytest.mark.parametrize('k', [1, 10, 700, 5000])
@pytest.mark.parametrize('dtype', [np.float16, np.float32])
def test_the_neighbors_are_those_of_a_sort(k, dtype, monkeypatch):
    """Over several blocks of rows and of queries."""
    monkeypatch.setattr(exact_search, 'BLOCK', 300)
    monkeypatch.setattr(exact_search, 'QUERIES', 4)
    rows = unit_rows(1000, 16).numpy().astype(dtype)
    query = unit_rows(9, 16, seed=1).numpy()
    similarity, index = nearest_rows(query, rows, k)
    truth = query.astype(np.float64) @ rows.astype(np.float64).T
    order = np.argsort(-truth, axis=1, kind='stable')[:, :k]
    np.testing.assert_array_equal(index, order)
    np.testing.assert_allclose(similarity, np.take_along_axis(truth, order, 1), atol=1e-6)


def test_equal_rows_are_in_their_order(monkeypatch):
    monkeypatch.setattr(exact_search, 'BLOCK', 7)
    rows = unit_rows(3, 8).repeat(20, 1)
    query = unit_rows(5, 8, seed=1)
    found = nearest_rows(query.numpy(), rows.numpy(), 25)[1]
    np.testing.assert_array_equal(found, nearest_neighbors(query, rows, 25)[1])


def test_every_finite_float16_is_converted_exactly():
    values = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    finite = values[np.isfinite(values)]
    np.testing.assert_array_equal(as_float32(finite), finite.astype(np.float32))


def test_bits_of_bfloat16_are_converted():
    rows = unit_rows(4, 8).bfloat16()
    np.testing.assert_array_equal(as_float32(rows.view(torch.uint16).numpy()), rows.float())


@pytest.mark.parametrize(
    'change, message',
    [
        (dict(k=0), 'k must be at least 1, got 0'),
        (dict(rows=np.empty((0, 8), np.float32)), 'rows must be at least one, got none'),
        (dict(rows=np.full((3, 8), np.nan, np.float32)), 'must be finite, but a similarity is not'),
    ],
)
def test_bad_arguments_are_refused(change, message):
    rows = unit_rows(3, 8).numpy()
    with pytest.raises(ValueError, match=message):
        nearest_rows(**(dict(query=rows, rows=rows, k=2) | change))
