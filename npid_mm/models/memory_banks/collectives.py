"""Exchange of equal-sized batches between ranks; all ranks must call together."""

import torch
from mmengine.dist import all_gather, get_world_size
from torch import Tensor


def gather_batches(batch: Tensor) -> Tensor:
    """Concatenate the batches (B, ...) of all ranks, in the order of the ranks, to (W B, ...)."""
    return torch.cat(all_gather(batch.contiguous()))


def return_parts(parts: Tensor) -> tuple[Tensor, ...]:
    """Return to each rank what was computed for its samples of :func:`gather_batches`.

    Args:
        parts (Tensor): (W B, ...), what this rank computed for the samples of all ranks.

    Returns:
        tuple[Tensor, ...]: W tensors (B, ...), what each rank computed for this rank's samples.
    """
    world_size = get_world_size()
    if world_size == 1:
        return (parts,)
    parts = parts.contiguous()
    received = torch.empty_like(parts)
    torch.distributed.all_to_all_single(received, parts)
    return received.chunk(world_size)
