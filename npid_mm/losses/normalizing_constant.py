"""Monte-Carlo estimate of the normalizing constant Z (Wu et al., arXiv 1805.01978, Eq. 8)."""

import math

import torch
from torch import Tensor

from npid_mm.utils.checks import check_temperature

from .arithmetic import compute_dtype, plain_arithmetic
from .checks import check_inputs
from .negatives import gathered_blocks
from .statistics import ZStatistics


def z_statistics(
    feature: Tensor, bank: Tensor, negatives: Tensor, temperature: float
) -> ZStatistics:
    """Log-sum-exp of the logits of each sample's negatives.

    Args:
        feature (Tensor): (B, D).
        bank (Tensor): (N, D), any floating type.
        negatives (Tensor): (B, M), uniform draws of rows.
        temperature (float): tau, at least 0.001.

    Returns:
        ZStatistics: log sum_j exp(v_j.f / tau), (B,).

    Raises:
        ValueError: If the temperature is below 0.001, or shapes or types are incompatible.
        IndexError: If ``negatives`` are outside [0, N) and on the CPU.

    Example:
        >>> bank = torch.eye(3)
        >>> z_statistics(bank[:1], bank, torch.tensor([[1, 2]]), temperature=1.0).lse  # log 2
        tensor([0.6931])
    """
    check_inputs(feature, bank, temperature, negatives=negatives)
    with plain_arithmetic(feature):
        query = feature.to(compute_dtype(feature)) / temperature
        lse = query.new_full((len(query),), -torch.inf)
        for samples, _, logits in gathered_blocks(query, bank, negatives):
            lse[samples] = torch.logaddexp(lse[samples], logits.logsumexp(dim=1))
    return ZStatistics(lse)


def z_from_statistics(
    statistics: ZStatistics, num_negatives: int, length: int, temperature: float
) -> Tensor:
    """Estimate Z from the statistics of the negatives.

    Args:
        statistics (ZStatistics): Statistics of all negatives.
        num_negatives (int): M, negatives per sample.
        length (int): N, rows of the whole bank.
        temperature (float): tau of the statistics.

    Returns:
        Tensor: 0-dim, N times the mean of exp(v_j.f_i / tau) over all (i, j), without gradient.

    Raises:
        ValueError: If Z may overflow at this temperature.

    Example:
        >>> statistics = ZStatistics(torch.zeros(4))
        >>> z_from_statistics(statistics, num_negatives=1, length=10, temperature=1.0)
        tensor(10.)
    """
    (lse,) = statistics
    check_temperature(temperature, terms=length, dtype=lse.dtype)
    return length * (lse.logsumexp(dim=0) - math.log(len(lse) * num_negatives)).exp()


def estimate_z(feature: Tensor, bank: Tensor, negatives: Tensor, temperature: float) -> Tensor:
    """Estimate Z from a batch and its negatives.

    Args:
        feature (Tensor): (B, D), normalized by the caller.
        bank (Tensor): (N, D), any floating type.
        negatives (Tensor): (B, M), uniform draws of rows.
        temperature (float): tau, at least 0.001.

    Returns:
        Tensor: 0-dim, N times the mean of exp(v_j.f_i / tau) over all (i, j), without gradient.

    Raises:
        ValueError: If Z may overflow at this temperature, or shapes or types are incompatible.
        IndexError: If ``negatives`` are outside [0, N) and on the CPU.

    Example:
        >>> bank = torch.eye(3)
        >>> estimate_z(bank[:1], bank, torch.tensor([[1, 2]]), temperature=1.0)
        tensor(3.)
    """
    statistics = z_statistics(feature, bank, negatives, temperature)
    return z_from_statistics(statistics, negatives.shape[1], len(bank), temperature)
