"""Sample negatives uniformly, and gather their rows in blocks."""

from collections.abc import Iterator

import torch
from torch import Tensor

from npid_mm.utils.checks import check_whole

from .checks import check_range

# Rows gathered at a time: 4 MB at D = 128 in float32, still in the cache of a CPU when they are
# multiplied; an accelerator wants more work per kernel (by reasoning, not yet measured).
_BLOCK_ROWS_CPU = 2**13
_BLOCK_ROWS_ACCELERATOR = 2**19
# With more rows per sample a CPU takes one sample at a time: its batched product of long
# matrices was measured at half the speed of one product after the other.
_TOGETHER_CPU = 2**10


def draw_negatives(
    batch: int,
    num: int,
    length: int,
    exclude: Tensor | None = None,
    generator: torch.Generator | None = None,
    device: torch.device | str | None = None,
) -> Tensor:
    """Sample rows uniformly, with replacement.

    With ``exclude``, numbers below length - 1 are sampled, and one is added to those at or above
    the own index. This is uniform over the other rows, and no sample is rejected.

    Args:
        batch (int): B.
        num (int): M, draws per sample.
        length (int): N, rows to draw from.
        exclude (Tensor, optional): (B,), the own row of each sample, never drawn for it. Its
            values are checked on the CPU only, since elsewhere that would wait for the device. Or
            (B, G), several distinct rows; a number outside [0, N) excludes none, and row N - 1 is
            drawn if all are excluded.
        generator (torch.Generator, optional): Generator on the device of the draws.
        device (torch.device | str, optional): Device of the draws; by default that of
            ``exclude``, or the CPU.

    Returns:
        Tensor: (B, M) int64 in [0, N).

    Raises:
        ValueError: If batch, num or length is below 1, length is 1 with ``exclude``, or
            ``exclude`` does not hold B integers.
        IndexError: If ``exclude`` is outside [0, N).

    Example:
        >>> draw_negatives(1, 4, length=2, exclude=torch.tensor([0]))
        tensor([[1, 1, 1, 1]])
    """
    for name, value in (('batch', batch), ('num', num), ('length', length)):
        check_whole(name, value)
    if exclude is None:
        return torch.randint(length, (batch, num), generator=generator, device=device)
    if exclude.dim() == 2 and len(exclude) == batch:
        return _draw_from_rest(num, length, exclude.to(device or exclude.device), generator)
    if exclude.shape != (batch,):
        raise ValueError(f'exclude must have shape (B,) = ({batch},), got {tuple(exclude.shape)}')
    check_range('exclude', exclude, length)
    if length == 1:
        raise ValueError('length must be >= 2 with exclude: one instance has no other, got 1')
    own = exclude.to(device or exclude.device).unsqueeze(1)
    draws = torch.randint(length - 1, (batch, num), generator=generator, device=own.device)
    return draws + (draws >= own)


def _draw_from_rest(
    num: int, length: int, exclude: Tensor, generator: torch.Generator | None
) -> Tensor:
    """Draw (B, M) from the rows that are not among the excluded ones (B, G)."""
    inside = (exclude >= 0) & (exclude < length)
    rows = exclude.masked_fill(~inside, length).sort(dim=1).values
    rest = (length - inside.sum(dim=1, keepdim=True)).clamp(min=1)
    # N differs between samples, and the remainder of 62 random bits is uniform enough
    shape = (len(exclude), num)
    draws = torch.randint(2**62, shape, generator=generator, device=exclude.device) % rest
    for row in rows.unbind(1):
        draws += draws >= row.unsqueeze(1)
    return draws.clamp(max=length - 1)


def gathered_blocks(
    query: Tensor, bank: Tensor, negatives: Tensor
) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """Yield the logits of each sample against its own negatives, block by block.

    B x M x D is never held: a block is a slice of the samples and a slice of their negatives,
    together at most a fixed number of rows.

    Args:
        query (Tensor): (B, D), feature / tau; in the type of the arithmetic.
        bank (Tensor): (N, D), any floating type.
        negatives (Tensor): (B, M), rows of the bank.

    Yields:
        tuple[slice, Tensor, Tensor]: the b samples of the block, their rows (b, m, D), valid until
        the next block, and their logits (b, m).
    """
    batch, num = negatives.shape
    on_cpu = query.device.type == 'cpu'
    limit = _BLOCK_ROWS_CPU if on_cpu else _BLOCK_ROWS_ACCELERATOR
    width = min(num, limit)
    height = 1 if on_cpu and num > _TOGETHER_CPU else min(limit // width, batch)
    buffer = bank.new_empty(height * width, bank.shape[1])
    for first in range(0, batch, height):
        samples = slice(first, first + height)
        for chosen in negatives[samples].split(width, dim=1):
            out = buffer[: chosen.numel()]
            rows = torch.index_select(bank, 0, chosen.reshape(-1), out=out)
            rows = rows.view(*chosen.shape, -1).to(query.dtype)
            yield samples, rows, torch.bmm(rows, query[samples].unsqueeze(2)).squeeze(2)


def weighted_rows(weight: Tensor, rows: Tensor) -> Tensor:
    """Sum over m of weight (b, m) times rows (b, m, D), of shape (b, D)."""
    return torch.bmm(weight.unsqueeze(1), rows).squeeze(1)
