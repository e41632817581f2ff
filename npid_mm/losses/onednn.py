"""Access to oneDNN's linear kernel, a private interface of PyTorch, with a public fallback.

torch.mm on the CPU uses MKL, which does not use AVX-512 on non-Intel processors: it was measured
there at 96 GFLOP/s per core, oneDNN at 200. The kernel also applies a logistic function to what it
has accumulated in float32, before it rounds to the type of its output.
"""

import torch
from torch import Tensor

KERNEL = None
if torch.backends.mkldnn.is_available():
    KERNEL = getattr(torch.ops.mkldnn, '_linear_pointwise', None)


def product(left: Tensor, right: Tensor) -> Tensor:
    """Matrix product left @ right.T of (P, K) and (Q, K), both of the same type."""
    if KERNEL and left.device.type == 'cpu' and left.dtype == torch.float32:
        return KERNEL(left, right, None, 'none', [], '')
    return torch.mm(left, right.T)


def sigmoid_product_dtype(feature: Tensor, rows: Tensor) -> torch.dtype | None:
    """Choose the type in which :func:`sigmoid_product` is fast, or None if it cannot be used."""
    if KERNEL is None or rows.device.type != 'cpu':
        return None
    if torch.float64 in (feature.dtype, rows.dtype):
        return None
    native = rows.dtype == torch.bfloat16 and multiplies_bfloat16()
    return torch.bfloat16 if native else torch.float32


def multiplies_bfloat16() -> bool:
    """Return whether the CPU has the instructions; else bfloat16 is slower than float32."""
    return bool(KERNEL) and getattr(torch.cpu, '_is_avx512_bf16_supported', lambda: False)()


def sigmoid_product(left: Tensor, right: Tensor, bias: Tensor) -> Tensor:
    """Logistic function of left @ right.T + bias (Q,), in float32 until the result is rounded.

    All arguments must be of the type that :func:`sigmoid_product_dtype` gives.
    """
    assert KERNEL is not None
    return KERNEL(left, right, bias, 'sigmoid', [], '')
