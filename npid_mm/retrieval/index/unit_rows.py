"""Round unit rows to 16 bits without making them longer than 1."""

from collections.abc import Sequence

import torch
from torch import Tensor

from npid_mm.utils.checks import non_finite_rows

from .entries import Entry

SCALES = 65  # tried for each row
TOLERANCE = 1e-2  # largest deviation from unit length; rows rounded before deviate by 4e-3


def check_unit_rows(rows: Tensor, entries: Sequence[Entry]) -> None:
    """Refuse rows that are not finite, or not of unit length.

    Args:
        rows (Tensor): (n, D).
        entries (Sequence[Entry]): Entry of each row, for the message.

    Raises:
        ValueError: If one is not.
    """
    length = rows.float().norm(dim=1)
    for bad, what in (
        (non_finite_rows(rows), 'be finite'),
        (((length - 1).abs() > TOLERANCE).nonzero().flatten(), 'have unit length'),
    ):
        if len(bad):
            first = int(bad[0])
            raise ValueError(
                f'rows must {what}, but that of {entries[first].path} is not, with a length of '
                f'{length[first]:.3g}: look at the weights of the checkpoint'
            )


def stored_unit_rows(rows: Tensor, dtype: torch.dtype) -> Tensor:
    """Round unit rows, with lengths as close to 1 as possible and at most 1.

    Rounding to bfloat16 alone changes the length by up to 0.4 %: similarities exceed 1, and rows
    that became longer are found instead of nearer ones. Each row is therefore scaled by several
    factors close to 1. The result with the largest length of at most 1 is kept.

    Args:
        rows (Tensor): (n, D), of unit length.
        dtype (torch.dtype): Type of the result.

    Returns:
        Tensor: (n, D) of ``dtype``, on the CPU.
    """
    rows = rows.detach().to('cpu', torch.float32)
    if dtype == torch.float32:
        return rows
    rows = torch.nn.functional.normalize(rows)
    unit = torch.finfo(dtype).eps / 2  # relative rounding error
    best = (rows * (1 - unit)).to(dtype)
    longest = best.float().norm(dim=1)
    # most factors are very close to 1: rows of many columns need the smallest changes
    for step in torch.linspace(1, -1, SCALES).tolist():
        scale = 1 + unit * step**3
        rounded = (rows * scale).to(dtype)
        length = rounded.float().norm(dim=1)
        better = (length <= 1) & (length > longest)
        best[better], longest[better] = rounded[better], length[better]
    return best
