"""Noise-contrastive estimation, the paper's loss (Wu et al., arXiv 1805.01978, Eq. 4 to 8).

With P(i | f) = exp(v_i.f / tau) / Z, and noise uniform over N rows and M times as frequent as
data, the posterior is h = P / (P + M / N). In the log domain, with x = v.f / tau - log(Z M / N),
h = sigmoid(x): -log h = softplus(-x) and -log(1 - h) = softplus(x) are exact and need no small
constant.
"""

import math

import torch
from torch import Tensor

from npid_mm.utils.checks import check_temperature

from .arithmetic import compute_dtype, mean_with_known_gradient, plain_arithmetic, softplus
from .checks import check_inputs, check_z
from .negative_rows import gathered_blocks, weighted_rows


def nce_log_noise(z: float | Tensor, num_negatives: int, length: int) -> float | Tensor:
    """log(Z M / N), the logit at which data and noise are equally likely.

    Args:
        z (float | Tensor): Z > 0, a number or a 0-dim tensor, which is not read on the host.
        num_negatives (int): M, negatives per sample.
        length (int): N, rows of the whole bank.

    Returns:
        float | Tensor: a number for a number, a 0-dim tensor for a tensor.

    Raises:
        ValueError: for a number not > 0, or a tensor that is not 0-dim.
    """
    check_z(z)
    log_z = z.log() if torch.is_tensor(z) else math.log(z)
    return log_z + math.log(num_negatives / length)


def nce_statistics(
    feature: Tensor,
    bank: Tensor,
    negatives: Tensor,
    temperature: float,
    log_noise: float | Tensor,
) -> tuple[Tensor, Tensor]:
    """Noise part of the loss over each sample's negatives; parts of the negatives add up.

    Args:
        feature (Tensor): (B, D).
        bank (Tensor): (N, D), any floating type.
        negatives (Tensor): (B, M), rows of the bank.
        temperature (float): tau, at least 0.001.
        log_noise (float | Tensor): log(Z M / N), M and N of the whole, see `nce_log_noise`.

    Returns:
        tuple[Tensor, Tensor]: sum_j softplus(x_j) = -sum_j log(1 - h_j), (B,), and
        sum_j sigmoid(x_j) v_j, (B, D).

    Raises:
        ValueError: for a temperature below 0.001, or incompatible shapes or types.
        IndexError: for negatives outside [0, N), when they are on the CPU.
    """
    check_inputs(feature, bank, temperature, negatives=negatives)
    return _gathered(feature, bank, negatives, temperature, log_noise)


@plain_arithmetic
def _gathered(feature, bank, negatives, temperature, log_noise):
    query = feature.to(compute_dtype(feature)) / temperature
    loss = query.new_zeros(len(query))
    weighted = torch.zeros_like(query)
    for samples, rows, logits in gathered_blocks(query, bank, negatives):
        logits -= log_noise
        loss[samples] += softplus(logits).sum(dim=1)
        weighted[samples] += weighted_rows(logits.sigmoid_(), rows)
    return loss, weighted


def nce_loss_from_statistics(
    feature: Tensor,
    positive: Tensor,
    loss: Tensor,
    weighted: Tensor,
    temperature: float,
    log_noise: float | Tensor,
) -> Tensor:
    """NCE loss from the statistics of the negatives and the positive rows.

    Args:
        feature (Tensor): (B, D).
        positive (Tensor): (B, D), row v_i of each sample.
        loss (Tensor): (B,), see `nce_statistics`.
        weighted (Tensor): (B, D), see `nce_statistics`.
        temperature (float): tau, at least 0.001.
        log_noise (float | Tensor): log(Z M / N), see `nce_log_noise`.

    Returns:
        Tensor: scalar, mean over B, differentiable in `feature`.
    """
    return mean_with_known_gradient(
        feature,
        *_value_and_gradient(feature, positive, loss, weighted, temperature, log_noise),
    )


@plain_arithmetic
def _value_and_gradient(feature, positive, loss, weighted, temperature, log_noise):
    """Derivative: (sum_j h_j v_j - (1 - h_i) v_i) / tau."""
    positive = positive.to(weighted.dtype)
    logit = (feature * positive).sum(dim=1) / temperature - log_noise
    gradient = weighted - torch.sigmoid(-logit).unsqueeze(1) * positive
    return loss + softplus(-logit), gradient / temperature


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
        feature (Tensor): (B, D), normalised by the caller; alone receives a gradient.
        bank (Tensor): (N, D), float32, float64, float16 or bfloat16.
        index (Tensor): (B,), the row of each sample.
        negatives (Tensor): (B, M), rows of the bank, see `draw_negatives`.
        temperature (float): tau, at least 0.001.
        z (float | Tensor): Z > 0, held constant, see `estimate_z`. A 0-dim tensor is not read on
            the host, so that its sign is not checked.

    Returns:
        Tensor: scalar, float32, or float64 for a float64 feature.

    Raises:
        ValueError: for a temperature below 0.001, z not > 0, or incompatible shapes or types.
        IndexError: for an index or negatives outside [0, N), when they are on the CPU.
    """
    check_inputs(feature, bank, temperature, index=index, negatives=negatives)
    log_noise = nce_log_noise(z, negatives.shape[1], len(bank))
    loss, weighted = _gathered(feature, bank, negatives, temperature, log_noise)
    return nce_loss_from_statistics(feature, bank[index], loss, weighted, temperature, log_noise)


def estimate_z(feature: Tensor, bank: Tensor, negatives: Tensor, temperature: float) -> Tensor:
    """Monte-Carlo estimate of the normalising constant Z (Wu et al., arXiv 1805.01978, Eq. 8).

    Args:
        feature (Tensor): (B, D), normalised by the caller.
        bank (Tensor): (N, D), any floating type.
        negatives (Tensor): (B, M), uniform draws of rows.
        temperature (float): tau, at least 0.001.

    Returns:
        Tensor: 0-dim, N times the mean of exp(v_j.f_i / tau) over all (i, j), without gradient.

    Raises:
        ValueError: for a temperature at which Z may overflow, or incompatible shapes or types.
        IndexError: for negatives outside [0, N), when they are on the CPU.
    """
    check_inputs(feature, bank, temperature, negatives=negatives)
    check_temperature(temperature, terms=len(bank), dtype=compute_dtype(feature))
    return len(bank) * _mean_exponential(feature, bank, negatives, temperature)


@plain_arithmetic
def _mean_exponential(feature, bank, negatives, temperature):
    query = feature.to(compute_dtype(feature)) / temperature
    blocks = gathered_blocks(query, bank, negatives)
    lse = torch.stack([logits.logsumexp((0, 1)) for _, _, logits in blocks])
    return (lse.logsumexp(0) - math.log(negatives.numel())).exp()
