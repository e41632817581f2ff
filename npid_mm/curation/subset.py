"""Diverse subsets of rows: k-center and facility location."""

import heapq

import torch
from torch import Tensor

from npid_mm.utils.checks import check_whole

from .all_neighbors import Neighbors


@torch.no_grad()
def k_center(rows: Tensor, count: int, first: int | None = None) -> Tensor:
    """Choose rows so that the largest distance of a row to the nearest chosen one is small.

    Each step takes the row that is farthest from those chosen so far (Gonzalez, 1985). The largest
    distance is at most twice that of the best subset. Outliers are chosen early.

    Args:
        rows (Tensor): (N, D), unit rows of any floating type.
        count (int): Rows to choose; all if it is larger.
        first (int, optional): The first one. Defaults to the row nearest to the mean.

    Returns:
        Tensor: (count,), indices in the order of choice.

    Raises:
        ValueError: If ``count`` is below 1, there are no rows, or ``first`` is out of range.

    Example:
        >>> k_center(torch.tensor([[1.0, 0.0], [0.8, 0.6], [-1.0, 0.0]]), 2, first=0).tolist()
        [0, 2]
    """
    check_whole('count', count)
    if not len(rows):
        raise ValueError('rows must be at least one, got none')
    rows = rows.float()
    if first is None:
        first = int((rows @ rows.mean(dim=0)).argmax())
    if not 0 <= first < len(rows):
        raise ValueError(f'first must be in [0, {len(rows)}), got {first}')
    chosen = [first]
    nearest = rows @ rows[first]  # cosine with the nearest chosen row
    nearest[first] = torch.inf
    for _ in range(min(count, len(rows)) - 1):
        chosen.append(int(nearest.argmin()))
        torch.maximum(nearest, rows @ rows[chosen[-1]], out=nearest)
        nearest[chosen[-1]] = torch.inf
    return torch.tensor(chosen)


def facility_location(neighbors: Neighbors, count: int) -> Tensor:
    """Choose rows so that each row is similar to a chosen one, on average.

    Each step adds the row that raises the sum over all rows of the largest similarity to a chosen
    one the most. Similarities are those of the neighbors, at least 0, and 1 of a row with itself.
    The sum is at least 1 - 1/e of that of the best subset. Rows of dense regions are chosen early.

    Args:
        neighbors (Neighbors): Of N rows.
        count (int): Rows to choose; all if it is larger.

    Returns:
        Tensor: (count,), indices in the order of choice.

    Raises:
        ValueError: If ``count`` is below 1.
    """
    check_whole('count', count)
    length = len(neighbors.indices)
    own = torch.arange(length)
    served = torch.cat([own, own.repeat_interleave(neighbors.indices.shape[1])])
    by = torch.cat([own, neighbors.indices.flatten()])
    value = torch.cat([torch.ones(length), neighbors.similarity.clamp(min=0).flatten()])
    known = by >= 0
    order = by[known].sort(stable=True)
    parts = torch.bincount(order.values, minlength=length).tolist()
    members = served[known][order.indices].split(parts)  # rows that a row may serve
    values = value[known][order.indices].split(parts)
    best = torch.zeros(length)
    # a gain never grows, so a row whose old gain is below another's new one need not be computed
    heap = [(-float(each.sum()), row) for row, each in enumerate(values)]
    heapq.heapify(heap)
    chosen: list[int] = []
    while heap and len(chosen) < count:
        _, row = heapq.heappop(heap)
        gain = float((values[row] - best[members[row]]).clamp(min=0).sum())
        if heap and gain < -heap[0][0]:
            heapq.heappush(heap, (-gain, row))
            continue
        chosen.append(row)
        best[members[row]] = torch.maximum(best[members[row]], values[row])
    return torch.tensor(chosen)
