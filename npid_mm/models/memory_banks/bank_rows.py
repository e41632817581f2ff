"""Random unit rows, and the mean of features of the same row."""

import torch
from torch import Tensor
from torch.nn import functional as F

from npid_mm.losses.arithmetic import compute_dtype

# Rows drawn at a time: bounds the scratch memory.
_ROWS_AT_A_TIME = 1 << 17


def random_unit_rows(length: int, kept: slice, like: Tensor) -> Tensor:
    """Draw random unit vectors (N, D) on the CPU and keep a part of them.

    All N are drawn, so that a seed gives the same rows for any number of ranks and any device.

    Args:
        length (int): N.
        kept (slice): The n rows to keep, with start and stop.
        like (Tensor): (any, D), a tensor of the type and on the device of the result.

    Returns:
        Tensor: (n, D).
    """
    rows = torch.empty(kept.stop - kept.start, like.shape[1], dtype=like.dtype)
    for start in range(0, length, _ROWS_AT_A_TIME):
        stop = min(start + _ROWS_AT_A_TIME, length)
        block = torch.randn(stop - start, like.shape[1], dtype=compute_dtype(like))
        first, last = max(start, kept.start), min(stop, kept.stop)
        if first < last:
            rows[first - kept.start : last - kept.start] = F.normalize(
                block[first - start : last - start]
            )
    return rows.to(like.device)


def mean_of_repeated(index: Tensor, feature: Tensor) -> tuple[Tensor, Tensor]:
    """Sort ``index`` (B,) and replace each of ``feature`` (B, D) by the mean over its index.

    Shapes stay (B,) and (B, D): equal indexes carry equal features, so that a scatter gives the
    same rows in any order, and no step waits for the device to count distinct indexes.
    """
    index, order = index.sort(stable=True)
    first = torch.ones_like(index)
    first[1:] = index[1:] != index[:-1]
    group = first.cumsum(0) - 1
    # float64 sums, so that the stored row does not depend on the summation order
    total = torch.zeros_like(feature, dtype=torch.float64)
    total.index_add_(0, group, feature[order].double())
    count = torch.zeros_like(total[:, 0]).index_add_(0, group, torch.ones_like(total[:, 0]))
    mean = total / count.clamp_(min=1).unsqueeze(1)
    return index, mean[group].to(feature.dtype)


def rows_to_exclude(index: Tensor, exclude_positive: bool, copies: Tensor | None) -> Tensor | None:
    """Return the rows that are not drawn: (B,) the own ones, (B, G) with copies, or None."""
    if copies is None:
        return index if exclude_positive else None
    return torch.cat([index[:, None], copies], dim=1) if exclude_positive else copies
