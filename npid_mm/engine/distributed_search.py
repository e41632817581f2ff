"""Nearest neighbors among rows that are sharded over the ranks; must be called on all ranks."""

import torch
from mmengine.dist import all_gather, all_reduce, get_dist_info
from torch import Tensor

from npid_mm.evaluation import leave_one_out_hits, merge_neighbors, nearest_neighbors
from npid_mm.models import MemoryBank

_QUERIES_AT_ONCE = 1024  # per rank


def search(query: Tensor, rows: Tensor, payload: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return the similarity (Q, K) to the nearest ``rows`` (n, D), and their ``payload`` (Q, K)."""
    similarity, index = nearest_neighbors(query, rows, k)
    return similarity, payload[index]


def search_sharded(query: Tensor, rows: Tensor, payload: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Run :func:`search` over the rows of all ranks.

    Every rank needs the same number of queries and of batches, as padding samplers give them.
    """
    rank, world_size = get_dist_info()
    queries = torch.cat(all_gather(query))
    similarity = queries.new_full((len(queries), k), -torch.inf)
    found = payload.new_zeros(len(queries), k)
    if len(rows):
        width = min(k, len(rows))
        similarity[:, :width], found[:, :width] = search(queries, rows, payload, k)
    local = slice(rank * len(query), (rank + 1) * len(query))
    return merge_neighbors(
        [part[local] for part in all_gather(similarity)],
        [part[local] for part in all_gather(found)],
        k,
    )


def sharded_leave_one_out(
    bank: MemoryBank, labels: Tensor, k: int, temperature: float, queries: Tensor
) -> float:
    """Compute :func:`npid_mm.evaluation.leave_one_out_knn` of a sharded bank.

    Args:
        bank (MemoryBank): N x D, with ``is_sharded``.
        labels (Tensor): (N,), the class of every row, on every rank.
        k (int): Neighbors of each row; more than N - 1 means all N - 1.
        temperature (float): Above 0.
        queries (Tensor): (Q,), the rows to classify, the same on every rank. The last Q modulo W
            are ignored.

    Returns:
        float: Share of correct answers, from 0 to 1, on every rank.
    """
    rank, world_size = get_dist_info()
    queries = queries[: len(queries) // world_size * world_size]
    index = torch.arange(bank.length, device=labels.device)[bank.local_rows]
    k = min(k, bank.length - 1)
    hits = torch.tensor(0, device=labels.device)
    for chunk in queries[rank::world_size].split(_QUERIES_AT_ONCE):
        neighbors = search_sharded(bank.rows(chunk), bank.feature_bank, index, k + 1)
        hits += leave_one_out_hits(*neighbors, chunk, labels, k, temperature)
    all_reduce(hits)
    return int(hits) / len(queries)
