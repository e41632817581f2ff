"""Sample negatives uniformly."""

import torch
from torch import Tensor

from npid_mm.utils.checks import check_whole

from .checks import check_range


def draw_negatives(
    batch: int,
    num: int,
    length: int,
    exclude: Tensor | None = None,
    generator: torch.Generator | None = None,
    device: torch.device | str | None = None,
) -> Tensor:
    """Draw rows uniformly, with replacement.

    With ``exclude``, numbers below length - 1 are drawn, and those at or above the own index move
    up by one. This is uniform over the other rows, and nothing has to be drawn again.

    Args:
        batch (int): B.
        num (int): M, draws per sample.
        length (int): N, rows to draw from.
        exclude (Tensor, optional): (B,), the own row of each sample, never drawn for it. Its
            values are checked on the CPU only, since elsewhere that would wait for the device.
        generator (torch.Generator, optional): Generator on the device of the draws.
        device (torch.device | str, optional): Device of the draws; by default that of
            ``exclude``, or the CPU.

    Returns:
        Tensor: (B, M) int64 in [0, N).

    Raises:
        ValueError: If batch, num or length is below 1, length is 1 with ``exclude``, or
            ``exclude`` does not hold B integers.
        IndexError: If ``exclude`` is outside [0, N).
    """
    for name, value in (('batch', batch), ('num', num), ('length', length)):
        check_whole(name, value)
    if exclude is None:
        return torch.randint(length, (batch, num), generator=generator, device=device)
    if exclude.shape != (batch,):
        raise ValueError(f'exclude must have shape (B,) = ({batch},), got {tuple(exclude.shape)}')
    check_range('exclude', exclude, length)
    if length == 1:
        raise ValueError('length must be >= 2 with exclude: one instance has no other, got 1')
    own = exclude.to(device or exclude.device).unsqueeze(1)
    draws = torch.randint(length - 1, (batch, num), generator=generator, device=own.device)
    return draws + (draws >= own)
