"""Exact nearest neighbors among the stored rows of an index, with NumPy."""

import numpy as np

from npid_mm.utils.checks import check_whole

from .index.row_file import as_float32

BLOCK = 8192  # rows converted to float32 at once, so that they stay in cache
QUERIES = 256  # at once


def nearest_rows(query: np.ndarray, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the ``k`` rows with the largest inner product, as ``nearest_neighbors`` does in torch.

    Arithmetic is float32. Memory is bounded by blocks of queries and rows.

    Args:
        query (ndarray): (Q, D) of float32.
        rows (ndarray): (N, D) as an index stores them.
        k (int): Neighbors of each query; all N if it is larger.

    Returns:
        tuple[ndarray, ndarray]: Similarity (Q, K) in descending order, and index (Q, K), with
        K = min(k, N). Equal similarities are ordered by the lower index.

    Raises:
        ValueError: If ``k`` is below 1, there are no rows, or a similarity is not finite.
    """
    check_whole('k', k)
    if not len(rows):
        raise ValueError('rows must be at least one, got none')
    k = min(k, len(rows))
    similarity = np.empty((len(query), k), np.float32)
    index = np.empty((len(query), k), np.int64)
    for start in range(0, len(query), QUERIES):
        part = slice(start, start + QUERIES)
        similarity[part], index[part] = _search(query[part], rows, k)
    return similarity, index


def _search(query: np.ndarray, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Neighbors of one block of queries."""
    best = [(np.empty(0, np.float32), np.empty(0, np.int64)) for _ in query]
    worst = np.full(len(query), -np.inf, np.float32)
    for start in range(0, len(rows), BLOCK):
        with np.errstate(over='ignore', invalid='ignore'):  # refused below
            block = query @ as_float32(rows[start : start + BLOCK]).T
        largest = block.max(axis=1)
        if not np.isfinite(largest).all() or not np.isfinite(block.min()):
            raise ValueError('rows and queries must be finite, but a similarity is not')
        # rows after those that were kept lose against equal ones
        for number in np.flatnonzero(largest > worst):
            column = np.flatnonzero(block[number] > worst[number])
            values = np.concatenate([best[number][0], block[number, column]])
            where = np.concatenate([best[number][1], column + start])
            if len(values) > k:
                kept = _largest(values, k)
                values, where = values[kept], where[kept]
            best[number] = values, where
            if len(values) == k:
                worst[number] = values.min()
    order = [np.argsort(-values, kind='stable') for values, _ in best]
    similarity = [values[each] for (values, _), each in zip(best, order, strict=True)]
    index = [where[each] for (_, where), each in zip(best, order, strict=True)]
    return np.stack(similarity), np.stack(index)


def _largest(values: np.ndarray, k: int) -> np.ndarray:
    """Positions of the ``k`` largest values in their order, the first among equals."""
    kth = np.partition(values, -k)[-k]
    above = np.flatnonzero(values > kth)
    equal = np.flatnonzero(values == kth)[: k - len(above)]
    return np.sort(np.concatenate([above, equal]))
