"""Nearest neighbors of all rows of a set, exactly or within overlapping parts of it."""

from typing import NamedTuple

import torch
from torch import Tensor

from npid_mm.evaluation import leave_one_out_neighbors, nearest_neighbors
from npid_mm.utils.checks import check_whole

EXACT_ROWS = 50_000  # up to this number of rows, all pairs are compared
PART_ROWS = 1000  # mean number of rows that are nearest to a center
PARTS = 3  # nearest centers of a row, in whose parts it is compared
TRAINING_ROWS = 64  # per center
BLOCK = 8192  # rows compared with the centers at once
QUERIES = 500  # rows whose exact neighbors measure the recall


class Neighbors(NamedTuple):
    """The K nearest other rows of each of N rows."""

    similarity: Tensor
    """(N, K), float32, in descending order; -inf where no neighbor was found."""
    indices: Tensor
    """(N, K), int64; -1 where no neighbor was found."""
    recall: float
    """Share of the nearest neighbors that the search finds; 1 for an exact search."""


@torch.no_grad()
def all_neighbors(
    rows: Tensor, k: int = 10, exact_rows: int = EXACT_ROWS, seed: int = 0
) -> Neighbors:
    """Find the ``k`` nearest other rows of each row.

    Up to ``exact_rows`` rows, all pairs are compared. Above, k-means finds N / 1000 centers, and a
    row is compared with those that share one of its three nearest centers: the work grows with N
    and not with its square. The recall of the nearest neighbor is measured on 500 rows.

    Args:
        rows (Tensor): (N, D), unit rows, N at least 2; any floating type, such as a mapped file.
        k (int): Neighbors of each row; all N - 1 if it is larger.
        exact_rows (int): Largest N for the exact search.
        seed (int): Seed of k-means and of the rows that measure the recall.

    Returns:
        Neighbors: Similarity and index (N, K) with K = min(k, N - 1), and the recall.

    Raises:
        ValueError: If there are fewer than 2 rows, or a row is not finite.

    Example:
        >>> all_neighbors(torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]), k=1).indices.tolist()
        [[2], [0], [0]]
    """
    check_whole('k', k)
    check_whole('exact_rows', exact_rows, least=2)
    if len(rows) <= exact_rows:
        similarity, index = leave_one_out_neighbors(rows, k)
        return Neighbors(similarity.float(), index, 1.0)
    parts = _parts(rows, seed)
    similarity = torch.full((len(rows), k), -torch.inf)
    index = torch.full((len(rows), k), -1)
    for members in parts:
        if len(members) < 2:
            continue
        values, places = leave_one_out_neighbors(rows[members].float(), k)
        _merge(similarity, index, members, values, members[places])
    return Neighbors(similarity, index, _recall(rows, index, seed))


def _parts(rows: Tensor, seed: int) -> list[Tensor]:
    """Return the rows that have a center among their nearest, for each center."""
    from sklearn.cluster import MiniBatchKMeans  # slow to import

    generator = torch.Generator().manual_seed(seed)
    count = max(len(rows) // PART_ROWS, 2)
    sample = torch.randperm(len(rows), generator=generator)[: TRAINING_ROWS * count].sort().values
    means = MiniBatchKMeans(count, random_state=seed, n_init=1, batch_size=8 * count)
    means.fit(rows[sample].float().numpy())
    centers = torch.from_numpy(means.cluster_centers_).float()
    # the nearest center of a unit row v is that of the largest c.v - |c|^2 / 2
    offset = centers.square().sum(dim=1) / 2
    nearest = torch.cat(
        [
            (block.float() @ centers.t() - offset).topk(min(PARTS, count), dim=1).indices
            for block in rows.split(BLOCK)
        ]
    )
    order = nearest.flatten().sort(stable=True)
    sizes = torch.bincount(order.values, minlength=count)
    return list((order.indices // nearest.shape[1]).split(sizes.tolist()))


def _merge(
    similarity: Tensor, index: Tensor, members: Tensor, values: Tensor, found: Tensor
) -> None:
    """Add neighbors (n, any) of some rows to the tables, each neighbor once."""
    both = torch.cat([similarity[members], values], dim=1)
    where = torch.cat([index[members], found], dim=1)
    where, order = where.sort(dim=1, stable=True)
    both = both.gather(1, order)
    both[:, 1:][where[:, 1:] == where[:, :-1]] = -torch.inf
    both, order = both.sort(dim=1, descending=True, stable=True)
    k = similarity.shape[1]
    similarity[members] = both[:, :k]
    index[members] = where.gather(1, order)[:, :k].where(both[:, :k] > -torch.inf, -1)


def _recall(rows: Tensor, index: Tensor, seed: int) -> float:
    """Share of some rows whose nearest neighbor was found."""
    generator = torch.Generator().manual_seed(seed)
    sample = torch.randperm(len(rows), generator=generator)[:QUERIES]
    exact = nearest_neighbors(rows[sample].float(), rows, 2)[1]
    # a row that is not its own nearest one has a copy before it
    nearest = torch.where(exact[:, 0] == sample, exact[:, 1], exact[:, 0])
    return float((index[sample] == nearest[:, None]).any(dim=1).float().mean())
