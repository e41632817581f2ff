"""Softmax over the positive row and M sampled negatives: the loss of MMSelfSup's NPID (InfoNCE)."""

import torch
from torch import Tensor

from .arithmetic import compute_dtype, plain_arithmetic
from .checks import check_inputs
from .negative_rows import gathered_blocks, weighted_rows
from .softmax import merge_block, softmax_loss_from_negatives, softmax_with_lse


def sampled_softmax_statistics(
    feature: Tensor, bank: Tensor, negatives: Tensor, temperature: float
) -> tuple[Tensor, Tensor]:
    """Log-sum-exp and weighted mean row of a softmax over each sample's own negatives.

    Args:
        feature (Tensor): (B, D).
        bank (Tensor): (N, D), any floating type.
        negatives (Tensor): (B, M), rows of the bank.
        temperature (float): tau, at least 0.001.

    Returns:
        tuple[Tensor, Tensor]: (B,) and (B, D) as of `softmax_statistics`, without the positive.

    Raises:
        ValueError: for a temperature below 0.001, or incompatible shapes or types.
        IndexError: for negatives outside [0, N), when they are on the CPU.
    """
    check_inputs(feature, bank, temperature, negatives=negatives)
    return _gathered(feature, bank, negatives, temperature)


@plain_arithmetic
def _gathered(feature, bank, negatives, temperature):
    query = feature.to(compute_dtype(feature)) / temperature
    lse = query.new_full((len(query),), -torch.inf)
    mean = torch.zeros_like(query)
    for samples, rows, logits in gathered_blocks(query, bank, negatives):
        block_lse, weight = softmax_with_lse(logits)
        block_mean = weighted_rows(weight, rows)
        lse[samples], mean[samples] = merge_block(
            lse[samples], mean[samples], block_lse, block_mean
        )
    return lse, mean


def sampled_softmax_loss(
    feature: Tensor, bank: Tensor, index: Tensor, negatives: Tensor, temperature: float
) -> Tensor:
    """Cross entropy of the positive row against M sampled negatives (MMSelfSup's NPID).

    The negatives are taken as they come: a sample's own row among them counts once more.

    Args:
        feature (Tensor): (B, D), normalised by the caller; alone receives a gradient.
        bank (Tensor): (N, D), float32, float64, float16 or bfloat16.
        index (Tensor): (B,), the row of each sample.
        negatives (Tensor): (B, M), rows of the bank, see `draw_negatives`.
        temperature (float): tau, at least 0.001.

    Returns:
        Tensor: scalar cross entropy on [positive, M negatives] averaged over B, float32, or
        float64 for a float64 feature.

    Raises:
        ValueError: for a temperature below 0.001, or incompatible shapes or types.
        IndexError: for an index or negatives outside [0, N), when they are on the CPU.
    """
    check_inputs(feature, bank, temperature, index=index, negatives=negatives)
    lse, mean = _gathered(feature, bank, negatives, temperature)
    return softmax_loss_from_negatives(feature, bank[index], lse, mean, temperature)
