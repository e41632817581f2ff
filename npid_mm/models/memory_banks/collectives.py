"""Batches that travel between ranks. All ranks call together, with batches of one size."""

import torch
from mmengine.dist import all_gather, get_world_size
from torch import Tensor


def gather_batches(batch: Tensor) -> Tensor:
    """The batches (B, ...) of all ranks in the order of the ranks: (W B, ...)."""
    return torch.cat(all_gather(batch.contiguous()))


def return_parts(parts: Tensor) -> Tensor:
    """Hand back what this rank computed for the samples of :func:`gather_batches`.

    Args:
        parts (Tensor): (W B, ...), one entry a sample of any rank.

    Returns:
        Tensor: (W, B, ...), what each of the ranks computed for this rank's samples.
    """
    world_size = get_world_size()
    parts = parts.contiguous().view(world_size, len(parts) // world_size, *parts.shape[1:])
    if world_size == 1:
        return parts
    received = torch.empty_like(parts)
    torch.distributed.all_to_all_single(received, parts)
    return received
