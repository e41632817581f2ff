"""Nearest neighbors compared with a dense sort in float64."""

import pytest
import torch

from npid_mm.evaluation import merge_neighbors, nearest_neighbors
from npid_mm.evaluation.functional import neighbors
from tests.toy import unit_rows


def dense(query, bank, k):
    similarity = query.double() @ bank.double().t()
    similarity, index = similarity.sort(dim=1, descending=True, stable=True)
    return similarity[:, :k], index[:, :k]


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 8 queries x 32 bank rows, or 64 rows for few queries, in segments of 4."""
    monkeypatch.setattr(neighbors, 'QUERY_ROWS', 8)
    monkeypatch.setattr(neighbors, 'BANK_ROWS', {'cpu': 32, 'cuda': 32})
    monkeypatch.setattr(neighbors, 'SEGMENT', 4)
    monkeypatch.setattr(neighbors, 'PRODUCTS', 100)


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16, torch.float16, torch.float64])
@pytest.mark.parametrize(
    'queries, length, k',
    [(1, 1, 1), (3, 31, 5), (8, 32, 32), (17, 33, 5), (20, 1000, 7), (9, 1027, 40), (5, 70, 70)],
)
def test_equals_dense_sort(small_blocks, dtype, queries, length, k):
    """Blocks that do not divide Q or N, and first blocks shorter than K."""
    query, bank = unit_rows(queries, 16, 0), unit_rows(length, 16, 1).to(dtype)
    similarity, index = nearest_neighbors(query, bank, k)
    expected, expected_index = dense(query, bank, k)
    assert similarity.dtype == torch.promote_types(dtype, torch.float32)
    assert index.dtype == torch.int64
    torch.testing.assert_close(similarity.double(), expected, atol=1e-6, rtol=0)
    assert torch.equal(index, expected_index)


def test_equals_dense_sort_at_the_real_block_size():
    """Three blocks of the bank and two of the queries."""
    query = unit_rows(neighbors.QUERY_ROWS + 1, 8, 0)
    bank = unit_rows(2 * neighbors.BANK_ROWS['cpu'] + 77, 8, 1)
    similarity, index = nearest_neighbors(query, bank, 20)
    expected, expected_index = dense(query, bank, 20)
    torch.testing.assert_close(similarity.double(), expected, atol=1e-6, rtol=0)
    assert (index == expected_index).float().mean() > 0.999  # float32 rounding may swap two


def test_few_queries_at_the_real_block_size():
    """Two blocks of the bank, each in several pieces."""
    query = unit_rows(2, 8, 0)
    length = neighbors.QUERY_ROWS * neighbors.BANK_ROWS['cpu'] // neighbors.FEW + 77
    bank = unit_rows(length, 8, 1).bfloat16()
    assert length > 2 * neighbors.PRODUCTS // 8
    similarity, index = nearest_neighbors(query, bank, 20)
    expected, expected_index = dense(query, bank, 20)
    torch.testing.assert_close(similarity.double(), expected, atol=1e-6, rtol=0)
    assert (index == expected_index).float().mean() > 0.9  # float32 rounding may swap two


@pytest.mark.parametrize('descending', [False, True])
def test_bank_sorted_by_similarity(small_blocks, descending):
    """Each block has better rows than all blocks before it, or only worse ones."""
    query, bank = 3 * unit_rows(1, 16, 0), unit_rows(1000, 16, 1)
    bank *= torch.linspace(0.1, 10, 1000)[:, None]  # rows are not normalized
    bank = bank[(bank @ query[0]).argsort(descending=descending)]
    similarity, index = nearest_neighbors(query, bank, 50)
    expected, expected_index = dense(query, bank, 50)
    torch.testing.assert_close(similarity.double(), expected, atol=1e-5, rtol=0)
    assert torch.equal(index, expected_index)


@pytest.mark.parametrize('count', [1, neighbors.FEW, neighbors.FEW + 1, 20])
def test_ties_go_to_the_lower_index(small_blocks, count):
    """Rows from {-1, 0, 1} tie often, and their products are exact."""
    generator = torch.Generator().manual_seed(0)
    query = torch.randint(-1, 2, (count, 4), generator=generator).float()
    bank = torch.randint(-1, 2, (777, 4), generator=generator).float()
    for k in (1, 10, 100):
        similarity, index = nearest_neighbors(query, bank, k)
        expected, expected_index = dense(query, bank, k)
        assert torch.equal(similarity.double(), expected)
        assert torch.equal(index, expected_index)


def test_no_queries_and_more_neighbors_than_rows():
    bank = unit_rows(6, 8, 1)
    similarity, index = nearest_neighbors(bank[:0], bank, 3)
    assert similarity.shape == index.shape == (0, 3)
    assert nearest_neighbors(bank[:2], bank, 200)[1].shape == (2, 6)


@pytest.mark.parametrize('count', [neighbors.FEW, neighbors.FEW + 1])
def test_float32_arithmetic_under_autocast(count):
    query, bank = unit_rows(count, 16, 0), unit_rows(100, 16, 1)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        similarity, _ = nearest_neighbors(query, bank, 5)
    torch.testing.assert_close(similarity.double(), dense(query, bank, 5)[0], atol=1e-6, rtol=0)


def test_inputs_are_not_changed_and_no_gradient_is_recorded():
    query, bank = unit_rows(4, 16, 0).requires_grad_(), unit_rows(100, 16, 1)
    before = bank.clone()
    assert not nearest_neighbors(query, bank, 5)[0].requires_grad
    assert torch.equal(bank, before)


@pytest.mark.parametrize('value', [float('nan'), float('inf'), -float('inf')])
@pytest.mark.parametrize(
    'name, count, broken',
    [('query', 10, [4, 7]), ('query', 2, [0, 1]), ('bank', 10, [4, 7]), ('bank', 1, [4, 97])],
)
def test_rows_that_are_not_finite_are_refused(small_blocks, name, count, broken, value):
    rows = {'query': unit_rows(count, 8, 0), 'bank': unit_rows(100, 8, 1)}
    rows['query'][0, 3] = 0.0  # its product with infinity is NaN
    rows[name][broken, 3] = value
    total = len(rows[name])
    message = f'{name} must be finite, but 2 of its {total} rows .*, the first is row {broken[0]}'
    with pytest.raises(ValueError, match=message):
        nearest_neighbors(**rows, k=3)


@pytest.mark.parametrize('count', [1, neighbors.FEW + 1])
def test_large_finite_rows_are_not_refused(count):
    """Their sum overflows in float16."""
    bank = torch.full((100, 8), 6e4, dtype=torch.float16)
    similarity, index = nearest_neighbors(torch.ones(count, 8), bank, 2)
    assert similarity.tolist() == [[8 * float(bank[0, 0])] * 2] * count
    assert index.tolist() == [[0, 1]] * count


@pytest.mark.parametrize(
    'query, bank, k, message',
    [
        (torch.ones(2, 4), torch.ones(3, 4), 0, 'k must be at least 1, got 0'),
        (torch.ones(2, 4), torch.ones(3, 5), 1, 'same number of columns D, got 4 and 5'),
        (
            torch.ones(4),
            torch.ones(3, 4),
            1,
            r'query must be a 2-D floating point tensor, got \(4,\)',
        ),
        (
            torch.ones(2, 4),
            torch.ones(3, 4).long(),
            1,
            'bank must be a 2-D floating .* torch.int64',
        ),
        (torch.ones(2, 4), torch.ones(0, 4), 1, 'bank must have at least one row'),
        (torch.ones(2, 4), torch.ones(3, 4, device='meta'), 1, 'same device, got cpu and meta'),
    ],
)
def test_invalid_arguments(query, bank, k, message):
    with pytest.raises(ValueError, match=message):
        nearest_neighbors(query, bank, k)


@pytest.mark.parametrize('k', [1, 10, 500])
def test_merged_shards_equal_the_whole_bank(k):
    """Shards shorter than K, ties across shards, K above N."""
    generator = torch.Generator().manual_seed(0)
    query = torch.randint(-1, 2, (5, 6), generator=generator).float()
    bank = torch.randint(-1, 2, (100, 6), generator=generator).float()
    found, start = [], 0
    for part in bank.split([40, 3, 57]):
        similarity, index = nearest_neighbors(query, part, k)
        found.append((similarity, index + start))
        start += len(part)
    merged = merge_neighbors(*zip(*found, strict=True), k)
    for ours, expected in zip(merged, nearest_neighbors(query, bank, k), strict=True):
        assert torch.equal(ours, expected)


def test_merge_invalid_arguments():
    part = torch.zeros(2, 3)
    with pytest.raises(ValueError, match=r'equal shapes, got \[\(2, 3\)\] and \[\(2, 2\)\]'):
        merge_neighbors([part], [part[:, :2]], 1)
    with pytest.raises(ValueError, match='k must be at least 1, got -1'):
        merge_neighbors([part], [part], -1)
