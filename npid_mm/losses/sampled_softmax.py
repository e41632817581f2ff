"""Softmax over the positive row and M sampled negatives: the loss of MMSelfSup's NPID (InfoNCE)."""

import torch
from torch import Tensor

from .arithmetic import compute_dtype, plain_arithmetic
from .checks import check_inputs
from .negatives import gathered_blocks, weighted_rows
from .softmax import softmax_loss_from_statistics
from .statistics import SoftmaxStatistics
from .streamed_softmax import add_block, softmax_with_lse


def sampled_softmax_statistics(
    feature: Tensor, bank: Tensor, negatives: Tensor, temperature: float
) -> SoftmaxStatistics:
    """Log-sum-exp and weighted mean row of a softmax over each sample's own negatives.

    Args:
        feature (Tensor): (B, D).
        bank (Tensor): (N, D), any floating type.
        negatives (Tensor): (B, M), rows of the bank.
        temperature (float): tau, at least 0.001.

    Returns:
        SoftmaxStatistics: Statistics of the negatives, without the positive.

    Raises:
        ValueError: If the temperature is below 0.001, or shapes or types are incompatible.
        IndexError: If ``negatives`` are outside [0, N) and on the CPU.

    Example:
        >>> bank, negatives = torch.eye(3), torch.tensor([[1, 2]])
        >>> sampled_softmax_statistics(bank[:1], bank, negatives, temperature=1.0).lse  # log 2
        tensor([0.6931])
    """
    check_inputs(feature, bank, temperature, negatives=negatives)
    with plain_arithmetic(feature):
        query = feature.to(compute_dtype(feature)) / temperature
        lse = query.new_full((len(query),), -torch.inf)
        mean = torch.zeros_like(query)
        for samples, rows, logits in gathered_blocks(query, bank, negatives):
            block_lse, weight = softmax_with_lse(logits)
            running = SoftmaxStatistics(lse[samples], mean[samples])
            lse[samples], mean[samples] = add_block(running, block_lse, weighted_rows(weight, rows))
    return SoftmaxStatistics(lse, mean)


def sampled_softmax_loss(
    feature: Tensor, bank: Tensor, index: Tensor, negatives: Tensor, temperature: float
) -> Tensor:
    """Cross entropy of the positive row against M sampled negatives (MMSelfSup's NPID).

    If the negatives include a sample's own row, it is counted again.

    Args:
        feature (Tensor): (B, D), normalized by the caller; alone receives a gradient.
        bank (Tensor): (N, D), float32, float64, float16 or bfloat16.
        index (Tensor): (B,), the row of each sample.
        negatives (Tensor): (B, M), rows of the bank, see :func:`draw_negatives`.
        temperature (float): tau, at least 0.001.

    Returns:
        Tensor: Scalar cross entropy on [positive, M negatives] averaged over B, float32, or
        float64 for a float64 feature.

    Raises:
        ValueError: If the temperature is below 0.001, or shapes or types are incompatible.
        IndexError: If ``index`` or ``negatives`` are outside [0, N) and on the CPU.

    Example:
        >>> bank, negatives = torch.eye(3), torch.tensor([[1, 2]])
        >>> sampled_softmax_loss(bank[:1], bank, torch.tensor([0]), negatives, temperature=1.0)
        tensor(0.5514)
    """
    check_inputs(feature, bank, index=index)
    statistics = sampled_softmax_statistics(feature, bank, negatives, temperature)
    return softmax_loss_from_statistics(feature, bank[index], statistics, temperature)
