"""Unit rows in few bits: their length must not depend on how they are rounded."""

from collections.abc import Sequence

import torch
from torch import Tensor

from .entries import Entry

SCALES = 65  # tried for each row
OFF = 1e-2  # from unit length; rows that were rounded before are off by 4e-3


def check_unit_rows(rows: Tensor, entries: Sequence[Entry]) -> None:
    """Refuse rows that are not finite, or not of unit length.

    Args:
        rows (Tensor): (n, D).
        entries (Sequence[Entry]): Of each row, for the message.

    Raises:
        ValueError: One is not.
    """
    length = rows.float().norm(dim=1)
    for bad, what in (
        (~rows.isfinite().all(dim=1), 'be finite'),
        ((length - 1).abs() > OFF, 'have unit length'),
    ):
        if bad.any():
            first = int(bad.nonzero()[0])
            raise ValueError(
                f'rows must {what}, but that of {entries[first].path} is not, with a length of '
                f'{length[first]:.3g}: look at the weights of the checkpoint'
            )


def stored_unit_rows(rows: Tensor, dtype: torch.dtype) -> Tensor:
    """Unit rows in a type of few bits, as long as it can be without any becoming longer than 1.

    Rounding to bfloat16 alone changes the length by up to 0.4 %: similarities come out above 1,
    and rows that became longer are found in place of nearer ones. So each row is scaled by several
    factors close to 1, and the one whose rounded row is the longest of at most 1 is kept.

    Args:
        rows (Tensor): (n, D), of unit length.
        dtype (torch.dtype): How they are stored.

    Returns:
        Tensor: (n, D) of ``dtype``, on the CPU.
    """
    rows = rows.detach().to('cpu', torch.float32)
    if dtype == torch.float32:
        return rows
    rows = torch.nn.functional.normalize(rows)
    unit = torch.finfo(dtype).eps / 2  # of rounding; the last factor leaves no row longer than 1
    best = (rows * (1 - unit)).to(dtype)
    longest = best.float().norm(dim=1)
    # more of them close to 1, where rows of many columns are rounded least
    for step in torch.linspace(1, -1, SCALES).tolist():
        scale = 1 + unit * step**3
        rounded = (rows * scale).to(dtype)
        length = rounded.float().norm(dim=1)
        better = (length <= 1) & (length > longest)
        best[better], longest[better] = rounded[better], length[better]
    return best
