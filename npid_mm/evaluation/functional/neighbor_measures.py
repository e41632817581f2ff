"""Measures of nearest neighbors that need no labels: own rows, overlap and hubness."""

import torch
from torch import Tensor

from npid_mm.utils.checks import check_whole

from .neighbors import nearest_neighbors


@torch.no_grad()
def own_row_share(query: Tensor, bank: Tensor, index: Tensor) -> float:
    """Share of the queries whose nearest row is their own.

    Args:
        query (Tensor): (Q, D), unit rows, e.g. views of images.
        bank (Tensor): (N, D), unit rows.
        index (Tensor): (Q,), the row of the bank that belongs to each query.

    Returns:
        float: From 0 to 1; 1 / N is chance level.

    Raises:
        ValueError: If ``index`` is not (Q,) or not in [0, N), ``query`` is empty, or
            :func:`nearest_neighbors` refuses the rows.

    Example:
        >>> own_row_share(torch.eye(3), torch.eye(3), torch.tensor([0, 1, 0]))
        0.6666666666666666
    """
    _, nearest = nearest_neighbors(query, bank, 1)
    if index.shape != (len(query),) or len(index) == 0:
        raise ValueError(
            f'index must be one row of the bank for each of at least one query, got '
            f'{tuple(index.shape)} for {len(query)}'
        )
    _check_range('index', index, len(bank))
    return int((nearest[:, 0] == index.to(nearest.device)).sum()) / len(query)


@torch.no_grad()
def neighbor_overlap(first: Tensor, second: Tensor) -> float:
    """Mean share of the neighbors of a row that two searches have in common.

    Args:
        first (Tensor): (Q, K), the distinct neighbors of each row, e.g. after one epoch.
        second (Tensor): (Q, K), the distinct neighbors of the same rows, e.g. after the next one.

    Returns:
        float: From 0 to 1, whatever the order of the neighbors.

    Raises:
        ValueError: If the shapes differ, or are not (Q, K) with at least one neighbor.

    Example:
        >>> neighbor_overlap(torch.tensor([[1, 2]]), torch.tensor([[2, 3]]))
        0.5
    """
    if first.shape != second.shape or first.dim() != 2 or not first.numel():
        raise ValueError(
            'first and second must have one shape (Q, K) with at least one neighbor, got '
            f'{tuple(first.shape)} and {tuple(second.shape)}'
        )
    # neighbors are distinct within a row, so those that both have are equal pairs when sorted
    both = torch.cat([first, second.to(first.device)], dim=1).sort(dim=1).values
    return int((both[:, 1:] == both[:, :-1]).sum()) / first.numel()


@torch.no_grad()
def hubness(neighbors: Tensor, length: int) -> float:
    """Skewness of the number of times that a row is a neighbor (Radovanovic et al., JMLR 2010).

    Args:
        neighbors (Tensor): (Q, K), neighbors of each row, without the row itself.
        length (int): N, the number of rows that may be neighbors.

    Returns:
        float: About 0 if all rows are neighbors equally often, and large if a few rows, the hubs,
        are neighbors of most others.

    Raises:
        ValueError: If ``length`` is below 1, or ``neighbors`` are not in [0, N).

    Example:
        >>> round(hubness(torch.tensor([[1], [0], [0], [0]]), 4), 3)
        0.816
    """
    check_whole('length', length)
    _check_range('neighbors', neighbors, length)
    count = torch.bincount(neighbors.flatten(), minlength=length).double()
    deviation = count - count.mean()
    spread = float(deviation.square().mean().sqrt())
    return float(deviation.pow(3).mean()) / spread**3 if spread else 0.0


def _check_range(name: str, index: Tensor, length: int) -> None:
    if index.is_floating_point() or (len(index) and not 0 <= index.min() <= index.max() < length):
        raise ValueError(
            f'{name} must be integers in [0, {length}), got {index.flatten().tolist()[:10]}'
        )
