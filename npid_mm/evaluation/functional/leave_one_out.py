"""Neighbors of the rows of a bank among its other rows."""

import torch
from torch import Tensor

from npid_mm.utils.checks import check_whole

from .neighbors import nearest_neighbors


def leave_one_out_neighbors(bank: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Find the ``k`` nearest other rows of each row of a bank, exactly.

    A row is left out by its index: copies of it are neighbors.

    Args:
        bank (Tensor): (N, D), floating point, N at least 2.
        k (int): Neighbors of each row; all N - 1 if it is larger.

    Returns:
        tuple[Tensor, Tensor]: Similarity and index (N, K), see :func:`nearest_neighbors`.

    Raises:
        ValueError: If there are fewer than 2 rows, or :func:`nearest_neighbors` refuses them.

    Example:
        >>> bank = torch.tensor([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])
        >>> leave_one_out_neighbors(bank, k=1)[1].tolist()
        [[1], [0], [1]]
    """
    check_whole('k', k)
    if len(bank) < 2:
        raise ValueError(f'bank must have at least 2 rows, got {len(bank)}')
    similarity, index = nearest_neighbors(bank, bank, k + 1)
    return exclude_self(similarity, index, torch.arange(len(bank), device=index.device))


def exclude_self(similarity: Tensor, index: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Remove each row from its own neighbors, or the last neighbor if the row is not among them.

    Args:
        similarity (Tensor): (Q, K + 1), in descending order.
        index (Tensor): (Q, K + 1), the rows that these neighbors are.
        rows (Tensor): (Q,), indices of the rows that the neighbors are of.

    Returns:
        tuple[Tensor, Tensor]: Similarity and index (Q, K).
    """
    drop = index == rows[:, None]
    drop[:, -1] |= ~drop.any(dim=1)
    return similarity[~drop].view(len(rows), -1), index[~drop].view(len(rows), -1)
