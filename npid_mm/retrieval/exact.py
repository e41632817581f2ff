"""Exact search of an index, also where one query comes at a time."""

import torch
from torch import Tensor

from npid_mm.evaluation import nearest_neighbors

# matrix products of so few rows leave a CPU's arithmetic idle: up to here, query by query is faster
FEW = 4
ROWS = 32768  # whose products stay in cache; short pieces suffer most where cores are shared


def exact_search(query: Tensor, rows: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Find the ``k`` nearest of an index, see :func:`npid_mm.evaluation.nearest_neighbors`.

    Args:
        query (Tensor): (Q, D), float32.
        rows (Tensor): (N, D), finite; N at least 1.
        k (int): At least 1; more than N means all.

    Returns:
        tuple[Tensor, Tensor]: Similarity (Q, K), float32, from the most similar on, and index
        (Q, K). Equal similarities are ordered by the lower index.
    """
    if len(query) > FEW:
        return nearest_neighbors(query, rows, k)
    found = [_search_one(each, rows, min(k, len(rows))) for each in query]
    return tuple(torch.stack(part) for part in zip(*found, strict=True))


def _search_one(query: Tensor, rows: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Similarity (k,) and index (k,) for a query (D,)."""
    scores = query.new_empty(len(rows))
    products = query.new_empty(min(ROWS, len(rows)), rows.shape[1])
    for start in range(0, len(rows), ROWS):
        block = rows[start : start + ROWS]
        product = torch.mul(block, query, out=products[: len(block)])
        torch.sum(product, 1, out=scores[start : start + ROWS])
    # of several at the edge, topk takes any
    candidates = (scores >= scores.topk(k).values[-1]).nonzero().flatten()
    order = scores[candidates].argsort(descending=True, stable=True)[:k]
    return scores[candidates[order]], candidates[order]
