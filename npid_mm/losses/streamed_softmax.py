"""Softmax statistics over all rows, block by block: a fused CPU kernel and the general form.

The general form passes over the logits of a block four times: product, softmax, second product.
The fused form gets the weights from the first product, as oneDNN applies a logistic function to
it, and sigmoid(x) is exp(x) to within a factor of 1 - exp(x) for x far below 0. The logits of unit
rows are bounded by |f| / tau, so a fixed shift moves them there, and no running maximum is needed.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from npid_mm.losses import onednn

from .arithmetic import compute_dtype
from .statistics import SoftmaxStatistics

# Rows of a block on the CPU: few enough that logits and rows stay in the cache and that float32
# sums over them keep their precision, many enough to outweigh the merge.
_MIN_ROWS_CPU, _MAX_ROWS_CPU, _LOGITS_CPU = 2**10, 2**13, 2**19
# Logits of a block on an accelerator, to keep it busy: by reasoning, not yet measured.
_LOGITS_ACCELERATOR = 2**25
# Logit of an excluded row: finite, so that a block of excluded rows does not give NaN.
_NEVER = -1e30

# Fused: how far below 0 the largest logit is moved. exp(-14) = 8e-7 is within float32's rounding of
# sums, exp(-8) = 3e-4 within bfloat16's of a weight.
_SHIFT = {torch.float32: 14.0, torch.bfloat16: 8.0}
# Smallest exponent of both types, with room for a sum of weights.
_LOWEST = -85.0
# Norm of a row, which rounding may bring above 1.
_ROW_NORM = 1.005
# Rows of a fused block at most, and its weights: few enough for a CPU's cache.
_MAX_FUSED_ROWS, _FUSED_WEIGHTS = 2**14, 2**20
# Rows whose weights are summed in the type of the bank; sums over parts are float32. In parts the
# second product is a batched one, which was measured at twice the speed of a single long one.
_PART_ROWS = 2**10


def streamed_softmax(
    feature: Tensor, rows: Tensor, temperature: float, exclude: Tensor | None
) -> SoftmaxStatistics:
    """Compute :func:`npid_mm.losses.softmax_statistics`, in the fused form if possible."""
    if exclude is not None:
        exclude = exclude.to(rows.device)
    fused = _fused(feature, rows, temperature, exclude)
    return _general(feature, rows, temperature, exclude) if fused is None else fused


def _general(
    feature: Tensor, rows: Tensor, temperature: float, exclude: Tensor | None
) -> SoftmaxStatistics:
    query = feature.to(compute_dtype(feature)) / temperature
    lse = query.new_full((len(query),), -torch.inf)
    running = SoftmaxStatistics(lse, torch.zeros_like(query))
    for start, block in _blocks(rows, _block_rows(query)):
        block = block.to(query.dtype)
        # The kernel packs its right operand. Packing the rows would cost more than the product, so
        # the queries are on the right.
        logits = onednn.product(block, query)
        _set_excluded(logits, start, exclude, _NEVER)
        block_lse, weight = softmax_with_lse(logits.T)
        running = add_block(running, block_lse, onednn.product(weight, block.T))
    return running


def _block_rows(query: Tensor) -> int:
    if query.device.type == 'cpu':
        return min(max(_LOGITS_CPU // len(query), _MIN_ROWS_CPU), _MAX_ROWS_CPU)
    return max(_LOGITS_ACCELERATOR // len(query), 1)


def _fused(
    feature: Tensor, rows: Tensor, temperature: float, exclude: Tensor | None
) -> SoftmaxStatistics | None:
    """Return None if the kernel is missing, tau is too small, or rows are longer than 1."""
    dtype = onednn.sigmoid_product_dtype(feature, rows)
    if dtype is None or len(rows) == 0:
        return None
    query = feature.float() / temperature
    shift = _SHIFT[dtype]
    offset = query.norm(dim=1) * _ROW_NORM + shift
    if not 2 * float(offset.max()) - shift < -_LOWEST:
        return None
    query, bias = query.to(dtype), -offset.to(dtype)
    total = torch.zeros(len(query))
    weighted = torch.zeros_like(query, dtype=torch.float32)
    size = min(max(_FUSED_WEIGHTS // len(query), _PART_ROWS), _MAX_FUSED_ROWS)
    for start, block in _blocks(rows, size):
        block = block.to(dtype)
        weight = onednn.sigmoid_product(block, query, bias)
        # a tenth of slack for the rounding of the shift
        if weight.max() > 1.1 * math.exp(-shift):
            return None
        _set_excluded(weight, start, exclude, 0.0)
        # the last block alone may not divide into parts
        parts = len(block) // _PART_ROWS if len(block) % _PART_ROWS == 0 else 1
        weight = weight.reshape(parts, -1, len(query))
        block = block.reshape(parts, -1, block.shape[1])
        total += weight.sum(dim=1).sum(dim=0, dtype=torch.float32)
        products = torch.bmm(weight.transpose(1, 2), block)
        weighted += products.sum(dim=0, dtype=torch.float32)
    # the weight is 0 if all rows are excluded, and the mean is undefined
    smallest = torch.finfo(torch.float32).tiny
    mean = weighted / total.clamp(min=smallest).unsqueeze(1)
    return SoftmaxStatistics(total.log() - bias.float(), mean)


def _blocks(rows: Tensor, size: int) -> Iterator[tuple[int, Tensor]]:
    """Yield blocks of at most ``size`` rows, each after the number of its first row."""
    for start in range(0, len(rows), size):
        yield start, rows[start : start + size]


def _set_excluded(values: Tensor, start: int, exclude: Tensor | None, value: float) -> None:
    """Set ``values`` (n, B) of the rows from ``start`` on at the rows that a sample excludes."""
    if exclude is None:
        return
    sample = torch.arange(len(exclude), device=exclude.device)
    # one row per sample at a time, so that no element is written twice
    for row in (exclude - start).reshape(len(exclude), -1).unbind(1):
        inside = (row >= 0) & (row < len(values))
        row = row.clamp(0, len(values) - 1)
        values[row, sample] = torch.where(inside, value, values[row, sample])


def softmax_with_lse(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Log-sum-exp (B,) of logits (B, n) and their softmax (B, n).

    The largest weight is exp(max - lse), never below 1 / n: its logarithm gives the log-sum-exp
    without a second pass of exponentials.
    """
    weight = torch.softmax(logits, dim=1)
    return logits.amax(dim=1) - weight.amax(dim=1).log(), weight


def add_block(running: SoftmaxStatistics, lse: Tensor, mean: Tensor) -> SoftmaxStatistics:
    """Add a block, which has rows, to the running statistics, which start at -inf and 0."""
    merged = torch.logaddexp(running.lse, lse)
    share = (lse - merged).exp().unsqueeze(1)
    return SoftmaxStatistics(merged, torch.lerp(running.mean, mean, share))
