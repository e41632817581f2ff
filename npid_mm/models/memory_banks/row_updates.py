"""How the rows of a bank start, and what the features of a step amount to for each row."""

import torch
from torch import Tensor
from torch.nn import functional as F

# Rows drawn at a time: bounds the scratch memory.
_ROWS_AT_A_TIME = 1 << 17
# How far the norm of a row may be from 1. Banks of the authors' code and of VISSL start from rows
# of norm 1.00 +- 0.04 and keep those of images that no step has seen.
_TOLERANCE = 0.3


def random_unit_rows(
    length: int, part: slice, feat_dim: int, dtype: torch.dtype, arithmetic: torch.dtype
) -> Tensor:
    """Draw random unit vectors (N, D) and keep a part of them.

    All N are drawn, so that a seed gives the same rows however they are shared out.

    Args:
        length (int): N.
        part (slice): The rows to keep, with start and stop.
        feat_dim (int): D.
        dtype (torch.dtype): What a row is stored as.
        arithmetic (torch.dtype): What it is drawn and normalised in.

    Returns:
        Tensor: (n, D) on the CPU.
    """
    rows = torch.empty(part.stop - part.start, feat_dim, dtype=dtype)
    for start in range(0, length, _ROWS_AT_A_TIME):
        stop = min(start + _ROWS_AT_A_TIME, length)
        block = torch.randn(stop - start, feat_dim, dtype=arithmetic)
        first, last = max(start, part.start), min(stop, part.stop)
        if first < last:
            kept = F.normalize(block[first - start : last - start])
            rows[first - part.start : last - part.start] = kept
    return rows


def check_unit_rows(rows: Tensor) -> None:
    """Refuse rows (N, D) of a checkpoint that are not unit vectors.

    Raises:
        ValueError: A row has another norm than 1, or one that is not finite.
    """
    arithmetic = torch.float64 if rows.dtype == torch.float64 else torch.float32
    norms = torch.linalg.vector_norm(rows, dim=1, dtype=arithmetic)
    wrong = ~((norms - 1).abs() <= _TOLERANCE)  # also where a norm is NaN
    if wrong.any():
        first = int(wrong.int().argmax())
        raise ValueError(
            'the rows of a memory bank must be unit vectors, but '
            f'{int(wrong.sum()):,} of the {len(rows):,} rows in the checkpoint are not, the first '
            f'row {first} of norm {float(norms[first]):.4g}: the file is damaged, or was changed; '
            'give another checkpoint'
        )


def mean_of_repeated(index: Tensor, feature: Tensor) -> tuple[Tensor, Tensor]:
    """Sort ``index`` (B,) and replace each of ``feature`` (B, D) by the mean over its index.

    Shapes stay (B,) and (B, D): equal indexes carry equal features, so that a scatter is the
    same in whatever order it writes, and no step waits for the device to count distinct ones.
    """
    index, order = index.sort(stable=True)
    first = torch.ones_like(index)
    first[1:] = index[1:] != index[:-1]
    group = first.cumsum(0) - 1
    # float64 sums: the order in which a device adds must not show in the stored row
    total = torch.zeros_like(feature, dtype=torch.float64)
    total.index_add_(0, group, feature[order].double())
    count = torch.zeros_like(total[:, 0]).index_add_(0, group, torch.ones_like(total[:, 0]))
    mean = total / count.clamp_(min=1).unsqueeze(1)
    return index, mean[group].to(feature.dtype)
