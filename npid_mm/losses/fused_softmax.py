"""The exact softmax on the CPU with the exponentials inside the matrix product.

A product, a softmax and a second product pass over the logits of a block four times. oneDNN's
linear kernel can apply a logistic function to what it has just accumulated, in float32 and before
it rounds to the type of the bank, and sigmoid(x) is exp(x) to within exp(x) for x far below 0.
With unit rows the logits are bounded by |f| / tau, so a shift known beforehand puts them there:
weights come out of the first product, and no maximum has to be found.
"""

import math

import torch

from .arithmetic import ONEDNN_LINEAR

# How far below 0 the largest logit is moved. exp(-14) = 8e-7 is within float32's rounding of sums,
# exp(-8) = 3e-4 within bfloat16's of a weight.
_SHIFT = {torch.float32: 14.0, torch.bfloat16: 8.0}
# Smallest exponent of both types, with room for a sum of weights.
_LOWEST = -85.0
# Norm of a row above 1 that rounding may cause.
_ROW_NORM = 1.005
# Rows of a block at most, and weights of a block: few enough for a CPU's cache.
_MAX_ROWS, _WEIGHTS = 2**14, 2**20
# Rows whose weights are summed in the type of the bank; sums over parts are float32. In parts the
# second product is a batched one, which was measured at twice the speed of a single long one.
_PART_ROWS = 2**10


def row_blocks(rows, size):
    """Yield the number of the first row, and the rows, of each block of at most ``size`` rows."""
    for start in range(0, len(rows), size):
        yield start, rows[start : start + size]


def leave_out(values, start, exclude, value):
    """Write ``value`` where a block's values (n, B) belong to the row a sample leaves out.

    Args:
        values (Tensor): (n, B), of the rows from ``start`` on, changed in place.
        start (int): Number of the first row of the block.
        exclude (Tensor | None): (B,), the row of each sample, in this block or not.
        value (float): What to write.
    """
    if exclude is None:
        return
    row, sample = exclude - start, torch.arange(len(exclude), device=exclude.device)
    inside = (row >= 0) & (row < len(values))
    row = row.clamp(0, len(values) - 1)
    values[row, sample] = torch.where(inside, value, values[row, sample])


def _kernel_dtype(feature, rows):
    """The type in which the kernel takes rows (N, D), or None where it is not to be used."""
    if ONEDNN_LINEAR is None or rows.device.type != 'cpu' or len(rows) == 0:
        return None
    if torch.float64 in (feature.dtype, rows.dtype):
        return None
    # without the instructions bfloat16 is emulated, slower than float32
    native = rows.dtype == torch.bfloat16 and torch.cpu._is_avx512_bf16_supported()
    return torch.bfloat16 if native else torch.float32


def fused_softmax_statistics(feature, rows, temperature, exclude):
    """`softmax_statistics` for unit rows on the CPU, in one pass of two products.

    Args:
        feature (Tensor): (B, D), float32 or half.
        rows (Tensor): (N, D), unit rows.
        temperature (float): tau > 0.
        exclude (Tensor | None): (B,), the row that each sample leaves out.

    Returns:
        tuple[Tensor, Tensor] | None: (B,) and (B, D) in float32; None where the kernel is missing
        or the logits are not where it needs them: tau is small, or rows are longer than 1.
    """
    dtype = _kernel_dtype(feature, rows)
    if dtype is None:
        return None
    query = feature.float() / temperature
    shift = _SHIFT[dtype]
    offset = query.norm(dim=1) * _ROW_NORM + shift
    if not 2 * float(offset.max()) - shift < -_LOWEST:
        return None
    query, bias = query.to(dtype), -offset.to(dtype)
    total = torch.zeros(len(query))
    weighted = torch.zeros_like(query, dtype=torch.float32)
    size = min(max(_WEIGHTS // len(query), _PART_ROWS), _MAX_ROWS)
    for start, block in row_blocks(rows, size):
        block = block.to(dtype)
        weight = ONEDNN_LINEAR(block, query, bias, 'sigmoid', [], '')
        # a tenth of slack for the rounding of the shift
        if weight.max() > 1.1 * math.exp(-shift):
            return None
        leave_out(weight, start, exclude, 0.0)
        # the last block alone may not divide into parts
        parts = len(block) // _PART_ROWS if len(block) % _PART_ROWS == 0 else 1
        weight = weight.reshape(parts, -1, len(query))
        block = block.reshape(parts, -1, block.shape[1])
        total += weight.sum(dim=1).sum(dim=0, dtype=torch.float32)
        products = torch.bmm(weight.transpose(1, 2), block)
        weighted += products.sum(dim=0, dtype=torch.float32)
    # a bank of nothing but the own row has weight 0, and no mean
    smallest = torch.finfo(torch.float32).tiny
    return total.log() - bias.float(), weighted / total.clamp(min=smallest).unsqueeze(1)
