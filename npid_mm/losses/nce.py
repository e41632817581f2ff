"""Noise-contrastive estimation, the paper's loss (Wu et al., arXiv 1805.01978, Eq. 4 to 8).

With P(i | f) = exp(v_i.f / tau) / Z, and noise uniform over N rows and M times as frequent as
data, the posterior is h = P / (P + M / N). In the log domain, with x = v.f / tau - log(Z M / N),
h = sigmoid(x): -log h = softplus(-x) and -log(1 - h) = softplus(x) are exact and need no small
constant.
"""

import math

import torch
from torch import Tensor

from .arithmetic import compute_dtype, mean_with_known_gradient, plain_arithmetic, softplus
from .checks import check_inputs, check_z
from .negatives import gathered_blocks, weighted_rows
from .statistics import NCEStatistics


def nce_log_noise(z: float | Tensor, num_negatives: int, length: int) -> float | Tensor:
    """log(Z M / N), the logit at which data and noise are equally likely.

    Args:
        z (float | Tensor): Z > 0, a number or a 0-dim tensor, which is not read on the host.
        num_negatives (int): M, negatives per sample.
        length (int): N, rows of the whole bank.

    Returns:
        float | Tensor: A number for a number, a 0-dim tensor for a tensor.

    Raises:
        ValueError: If ``z`` is a number not above 0, or a tensor that is not 0-dim.

    Example:
        >>> nce_log_noise(1.0, num_negatives=10, length=10)
        0.0
    """
    check_z(z)
    log_z = z.log() if isinstance(z, Tensor) else math.log(z)
    return log_z + math.log(num_negatives / length)


def nce_statistics(
    feature: Tensor,
    bank: Tensor,
    negatives: Tensor,
    temperature: float,
    log_noise: float | Tensor,
) -> NCEStatistics:
    """Noise part of the loss over each sample's negatives.

    Args:
        feature (Tensor): (B, D).
        bank (Tensor): (N, D), any floating type.
        negatives (Tensor): (B, M), rows of the bank.
        temperature (float): tau, at least 0.001.
        log_noise (float | Tensor): :func:`nce_log_noise` of all negatives and the whole bank.

    Returns:
        NCEStatistics: sum_j softplus(x_j) = -sum_j log(1 - h_j), (B,), and
        sum_j sigmoid(x_j) v_j, (B, D).

    Raises:
        ValueError: If the temperature is below 0.001, or shapes or types are incompatible.
        IndexError: If ``negatives`` are outside [0, N) and on the CPU.

    Example:
        >>> bank, negatives = torch.eye(3), torch.tensor([[1, 2]])
        >>> nce_statistics(bank[:1], bank, negatives, temperature=1.0, log_noise=0.0).loss
        tensor([1.3863])
    """
    check_inputs(feature, bank, temperature, negatives=negatives)
    with plain_arithmetic(feature):
        query = feature.to(compute_dtype(feature)) / temperature
        loss = query.new_zeros(len(query))
        row = torch.zeros_like(query)
        for samples, rows, logits in gathered_blocks(query, bank, negatives):
            logits -= log_noise
            loss[samples] += softplus(logits).sum(dim=1)
            row[samples] += weighted_rows(logits.sigmoid_(), rows)
    return NCEStatistics(loss, row)


def nce_loss_from_statistics(
    feature: Tensor,
    positive: Tensor,
    statistics: NCEStatistics,
    temperature: float,
    log_noise: float | Tensor,
) -> Tensor:
    """NCE loss from the statistics of the negatives and the positive rows.

    Args:
        feature (Tensor): (B, D).
        positive (Tensor): (B, D), row v_i of each sample.
        statistics (NCEStatistics): Statistics of the negatives.
        temperature (float): tau, at least 0.001.
        log_noise (float | Tensor): log(Z M / N), see :func:`nce_log_noise`.

    Returns:
        Tensor: Scalar, mean over B, differentiable in ``feature``.

    Example:
        >>> statistics = NCEStatistics(torch.zeros(1), torch.zeros(1, 3))
        >>> row = torch.eye(3)[:1]
        >>> nce_loss_from_statistics(row, row, statistics, temperature=1.0, log_noise=1.0)
        tensor(0.6931)
    """
    with plain_arithmetic(feature):
        positive = positive.to(statistics.row.dtype)
        logit = (feature * positive).sum(dim=1) / temperature - log_noise
        value = statistics.loss + softplus(-logit)
        # (sum_j h_j v_j - (1 - h_i) v_i) / tau
        gradient = statistics.row - torch.sigmoid(-logit).unsqueeze(1) * positive
    return mean_with_known_gradient(feature, value, gradient / temperature)


def nce_loss(
    feature: Tensor,
    bank: Tensor,
    index: Tensor,
    negatives: Tensor,
    temperature: float,
    z: float | Tensor,
) -> Tensor:
    """The paper's NCE loss, -(log h(i) + sum_j log(1 - h(j))) averaged over B (Eq. 7).

    The expectation over noise times M in Eq. 7 is the sum over a sample's M negatives.

    Args:
        feature (Tensor): (B, D), normalized by the caller; alone receives a gradient.
        bank (Tensor): (N, D), float32, float64, float16 or bfloat16.
        index (Tensor): (B,), the row of each sample.
        negatives (Tensor): (B, M), rows of the bank, see :func:`draw_negatives`.
        temperature (float): tau, at least 0.001.
        z (float | Tensor): Z > 0, held constant, see :func:`estimate_z`. A 0-dim tensor is not
            read on the host, so that its sign is not checked.

    Returns:
        Tensor: Scalar, float32, or float64 for a float64 feature.

    Raises:
        ValueError: If the temperature is below 0.001, z is not above 0, or shapes or types are
            incompatible.
        IndexError: If ``index`` or ``negatives`` are outside [0, N) and on the CPU.

    Example:
        >>> bank, negatives = torch.eye(3), torch.tensor([[1, 2]])
        >>> nce_loss(bank[:1], bank, torch.tensor([0]), negatives, temperature=1.0, z=3.0)
        tensor(1.3624)
    """
    check_inputs(feature, bank, temperature, index=index, negatives=negatives)
    log_noise = nce_log_noise(z, negatives.shape[1], len(bank))
    statistics = nce_statistics(feature, bank, negatives, temperature, log_noise)
    return nce_loss_from_statistics(feature, bank[index], statistics, temperature, log_noise)
