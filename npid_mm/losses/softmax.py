"""Exact non-parametric softmax over the whole bank, streamed.

The loss of a sample is -log P(i | f), P(i | f) = exp(v_i.f / tau) / sum_j exp(v_j.f / tau) (Wu et
al., arXiv 1805.01978, Eq. 2). All it needs of the other rows are two statistics, their log-sum-exp
L and weighted mean row E. With x = L - v_i.f / tau,

    loss = log(1 + exp(x)),    gradient = sigmoid(x) (E - v_i) / tau.

Leaving the own row out of the statistics keeps both precise where they matter most, for a sample
that lies on its row: with the row in, E - v_i would be a small difference of large terms.
Statistics can be computed for parts and merged, be they blocks of one bank or shards on ranks.
"""

import torch
from torch import Tensor

from .arithmetic import compute_dtype, mean_with_known_gradient, plain_arithmetic, product, softplus
from .checks import check_inputs
from .fused_softmax import fused_softmax_statistics, leave_out, row_blocks

# Rows of a block on the CPU: few enough that logits and rows stay in the cache and that float32
# sums over them keep their precision, many enough to outweigh the merge.
_MIN_ROWS_CPU, _MAX_ROWS_CPU, _LOGITS_CPU = 2**10, 2**13, 2**19
# Logits of a block on an accelerator, to keep it busy: by reasoning, not yet measured.
_LOGITS_ACCELERATOR = 2**25
# The logit of a row that is left out: finite, so that a block of nothing else is no NaN.
_NEVER = -1e30


def softmax_statistics(
    feature: Tensor, rows: Tensor, temperature: float, exclude: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Log-sum-exp and weighted mean row of a softmax over rows.

    Each row is read once, in blocks, so that the extra memory does not grow with N.

    Args:
        feature (Tensor): (B, D).
        rows (Tensor): (N, D), the bank or a shard of it, any floating type. N = 0 gives the
            statistics of an empty part, which `merge_softmax_statistics` ignores.
        temperature (float): tau, at least 0.001.
        exclude (Tensor, optional): (B,), a row to leave out for each sample; a number outside
            [0, N) leaves out none.

    Returns:
        tuple[Tensor, Tensor]: log sum_j exp(v_j.f / tau), (B,), and sum_j p_j v_j, (B, D), in
        float32, or in float64 for a float64 feature.

    Raises:
        ValueError: for a temperature below 0.001, or incompatible shapes or types.
    """
    check_inputs(feature, rows, temperature)
    return _streamed(feature, rows, temperature, exclude)


@plain_arithmetic
def _streamed(feature, rows, temperature, exclude):
    if exclude is not None:
        exclude = exclude.to(rows.device)
    fused = fused_softmax_statistics(feature, rows, temperature, exclude)
    if fused is not None:
        return fused
    query = feature.to(compute_dtype(feature)) / temperature
    lse = query.new_full((len(query),), -torch.inf)
    mean = torch.zeros_like(query)
    for start, block in row_blocks(rows, _block_rows(query)):
        block = block.to(query.dtype)
        # Rows times queries, then transposed: the product streams its left side and packs its
        # right side, which would take longer than the product itself for the rows.
        logits = product(block, query)
        leave_out(logits, start, exclude, _NEVER)
        block_lse, weight = softmax_with_lse(logits.T)
        lse, mean = merge_block(lse, mean, block_lse, product(weight, block.T))
    return lse, mean


def _block_rows(query):
    if query.device.type == 'cpu':
        return min(max(_LOGITS_CPU // len(query), _MIN_ROWS_CPU), _MAX_ROWS_CPU)
    return max(_LOGITS_ACCELERATOR // len(query), 1)


def softmax_with_lse(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Log-sum-exp (B,) of logits (B, n) and their softmax (B, n).

    The largest weight is exp(max - lse), never below 1 / n: its logarithm gives the log-sum-exp
    without a second pass of exponentials.
    """
    weight = torch.softmax(logits, dim=1)
    return logits.amax(dim=1) - weight.amax(dim=1).log(), weight


def merge_block(
    lse: Tensor, mean: Tensor, block_lse: Tensor, block_mean: Tensor
) -> tuple[Tensor, Tensor]:
    """Merge the statistics of a block, not empty, into running ones, which start at -inf and 0."""
    merged = torch.logaddexp(lse, block_lse)
    share = (block_lse - merged).exp().unsqueeze(1)
    return merged, torch.lerp(mean, block_mean, share)


def merge_softmax_statistics(lse: Tensor, mean: Tensor) -> tuple[Tensor, Tensor]:
    """Statistics of a whole from the statistics of its S parts.

    Args:
        lse (Tensor): (S, B), log-sum-exp of each part; -inf for an empty one.
        mean (Tensor): (S, B, D), weighted mean row of each part.

    Returns:
        tuple[Tensor, Tensor]: log-sum-exp (B,) and weighted mean row (B, D) over all parts.
    """
    share = torch.softmax(lse.clamp(min=_NEVER), dim=0)
    return torch.logsumexp(lse, dim=0), (share.unsqueeze(2) * mean).sum(dim=0)


def softmax_loss_from_negatives(
    feature: Tensor, positive: Tensor, lse: Tensor, mean: Tensor, temperature: float
) -> Tensor:
    """Softmax loss of the positive rows against the statistics of the negative ones.

    Args:
        feature (Tensor): (B, D).
        positive (Tensor): (B, D), row v_i of each sample.
        lse (Tensor): (B,), log-sum-exp over the negatives; -inf if there is none.
        mean (Tensor): (B, D), their weighted mean row.
        temperature (float): tau, at least 0.001.

    Returns:
        Tensor: scalar, mean over B, differentiable in `feature`.
    """
    return mean_with_known_gradient(
        feature, *_against_negatives(feature, positive, lse, mean, temperature)
    )


@plain_arithmetic
def _against_negatives(feature, positive, lse, mean, temperature):
    positive = positive.to(mean.dtype)
    logit = lse - (feature * positive).sum(dim=1) / temperature
    gradient = torch.sigmoid(logit).unsqueeze(1) * (mean - positive) / temperature
    return softplus(logit), gradient


def exact_softmax_loss(feature: Tensor, bank: Tensor, index: Tensor, temperature: float) -> Tensor:
    """Full non-parametric softmax loss over all N rows (Wu et al., arXiv 1805.01978, Eq. 2).

    Reads the bank once, block by block, and never holds B x N logits.

    Args:
        feature (Tensor): (B, D), normalised by the caller; alone receives a gradient.
        bank (Tensor): (N, D), float32, float64, float16 or bfloat16.
        index (Tensor): (B,), the row of each sample.
        temperature (float): tau, at least 0.001.

    Returns:
        Tensor: scalar -log P(i | f) averaged over B, float32, or float64 for a float64 feature.

    Raises:
        ValueError: for a temperature below 0.001, or incompatible shapes or types.
        IndexError: for an index outside [0, N), when `index` is on the CPU.
    """
    check_inputs(feature, bank, temperature, index=index)
    lse, mean = _streamed(feature, bank, temperature, index)
    return softmax_loss_from_negatives(feature, bank[index], lse, mean, temperature)
