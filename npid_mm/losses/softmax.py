"""Exact non-parametric softmax over the whole bank.

The loss of a sample is -log P(i | f), P(i | f) = exp(v_i.f / tau) / sum_j exp(v_j.f / tau) (Wu et
al., arXiv 1805.01978, Eq. 2). All it needs of the other rows are two statistics, their log-sum-exp
L and weighted mean row E. With x = L - v_i.f / tau,

    loss = log(1 + exp(x)),    gradient = sigmoid(x) (E - v_i) / tau.

Excluding the own row from the statistics keeps both precise where they matter most, for a sample
that lies on its row: with the row included, E - v_i would be a small difference of large terms.
Statistics can be computed for parts and merged, be they blocks of one bank or shards on ranks.
"""

import torch
from torch import Tensor

from .arithmetic import mean_with_known_gradient, plain_arithmetic, softplus
from .checks import check_inputs
from .statistics import SoftmaxStatistics
from .streamed_softmax import streamed_softmax


def softmax_statistics(
    feature: Tensor, bank: Tensor, temperature: float, exclude: Tensor | None = None
) -> SoftmaxStatistics:
    """Log-sum-exp and weighted mean row of a softmax over rows.

    Each row is read once, in blocks, so that the extra memory does not grow with N.

    Args:
        feature (Tensor): (B, D).
        bank (Tensor): (N, D), all rows or a shard of them, any floating type. N = 0 gives the
            statistics of an empty part.
        temperature (float): tau, at least 0.001.
        exclude (Tensor, optional): (B,) or (B, G), the rows to exclude for each sample; a number
            outside [0, N) excludes none.

    Returns:
        SoftmaxStatistics: log sum_j exp(v_j.f / tau), (B,), and sum_j p_j v_j, (B, D), in
        float32, or in float64 for a float64 feature.

    Raises:
        ValueError: If the temperature is below 0.001, or shapes or types are incompatible.

    Example:
        >>> bank = torch.eye(3)
        >>> softmax_statistics(bank[:1], bank, temperature=1.0, exclude=torch.tensor([0])).mean
        tensor([[0.0000, 0.5000, 0.5000]])
    """
    check_inputs(feature, bank, temperature)
    with plain_arithmetic(feature):
        return streamed_softmax(feature, bank, temperature, exclude)


def softmax_loss_from_statistics(
    feature: Tensor, positive: Tensor, statistics: SoftmaxStatistics, temperature: float
) -> Tensor:
    """Softmax loss of the positive rows against the statistics of the negative ones.

    Args:
        feature (Tensor): (B, D).
        positive (Tensor): (B, D), row v_i of each sample.
        statistics (SoftmaxStatistics): Statistics of the negative rows.
        temperature (float): tau, at least 0.001.

    Returns:
        Tensor: Scalar, mean over B, differentiable in ``feature``.

    Example:
        >>> statistics = SoftmaxStatistics(torch.zeros(1), torch.zeros(1, 3))
        >>> row = torch.eye(3)[:1]
        >>> softmax_loss_from_statistics(row, row, statistics, temperature=1.0)
        tensor(0.3133)
    """
    with plain_arithmetic(feature):
        positive = positive.to(statistics.mean.dtype)
        logit = statistics.lse - (feature * positive).sum(dim=1) / temperature
        share = torch.sigmoid(logit).unsqueeze(1)
        gradient = share * (statistics.mean - positive) / temperature
        value = softplus(logit)
    return mean_with_known_gradient(feature, value, gradient)


@torch.no_grad()
def own_probability(
    feature: Tensor, positive: Tensor, statistics: SoftmaxStatistics, temperature: float
) -> Tensor:
    """P(i | f), the probability of the positive row of each sample.

    Args:
        feature (Tensor): (B, D).
        positive (Tensor): (B, D), row v_i of each sample.
        statistics (SoftmaxStatistics): Statistics of the negative rows.
        temperature (float): tau, at least 0.001.

    Returns:
        Tensor: (B,), from 0 to 1.

    Example:
        >>> statistics = SoftmaxStatistics(torch.ones(1), torch.zeros(1, 3))
        >>> row = torch.eye(3)[:1]
        >>> own_probability(row, row, statistics, temperature=1.0)
        tensor([0.5000])
    """
    with plain_arithmetic(feature):
        positive = positive.to(statistics.mean.dtype)
        return torch.sigmoid((feature * positive).sum(dim=1) / temperature - statistics.lse)


def exact_softmax_loss(feature: Tensor, bank: Tensor, index: Tensor, temperature: float) -> Tensor:
    """Full non-parametric softmax loss over all N rows (Wu et al., arXiv 1805.01978, Eq. 2).

    Reads the bank once, block by block, and never holds B x N logits.

    Args:
        feature (Tensor): (B, D), normalized by the caller; alone receives a gradient.
        bank (Tensor): (N, D), float32, float64, float16 or bfloat16.
        index (Tensor): (B,), the row of each sample.
        temperature (float): tau, at least 0.001.

    Returns:
        Tensor: Scalar -log P(i | f) averaged over B, float32, or float64 for a float64 feature.

    Raises:
        ValueError: If the temperature is below 0.001, or shapes or types are incompatible.
        IndexError: If ``index`` is outside [0, N) and on the CPU.

    Example:
        >>> bank = torch.eye(3)
        >>> exact_softmax_loss(bank, bank, torch.arange(3), temperature=1.0)
        tensor(0.5514)
    """
    check_inputs(feature, bank, index=index)
    statistics = softmax_statistics(feature, bank, temperature, exclude=index)
    return softmax_loss_from_statistics(feature, bank[index], statistics, temperature)
