"""The arithmetic below every loss: its type, its matrix product and its autograd function."""

import functools
from collections.abc import Callable

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

# oneDNN's float32 product. torch.mm asks MKL instead, which does not use AVX-512 on processors of
# other makers: measured there at 96 GFLOP/s a core against 200.
ONEDNN_LINEAR = None
if torch.backends.mkldnn.is_available():
    ONEDNN_LINEAR = getattr(torch.ops.mkldnn, '_linear_pointwise', None)


def plain_arithmetic(function: Callable) -> Callable:
    """Run `function` without gradient and without autocast on the device of its first argument.

    The losses differentiate by formula and choose their own types: under autocast their products
    would drop to half precision.
    """

    @functools.wraps(function)
    def wrapped(first, *args, **kwargs):
        with torch.no_grad(), torch.autocast(first.device.type, enabled=False):
            return function(first, *args, **kwargs)

    return wrapped


def compute_dtype(feature: Tensor) -> torch.dtype:
    """float64 for a float64 feature, float32 for every other."""
    return torch.float64 if feature.dtype == torch.float64 else torch.float32


def product(left: Tensor, right: Tensor) -> Tensor:
    """Matrix product left @ right.T of (P, K) and (Q, K), both of the same type."""
    if ONEDNN_LINEAR and left.device.type == 'cpu' and left.dtype == torch.float32:
        return ONEDNN_LINEAR(left, right, None, 'none', [], '')
    return torch.mm(left, right.T)


def softplus(logit: Tensor) -> Tensor:
    """log(1 + exp(logit)), exact in float64 too.

    From its threshold on torch gives the logit itself: at the default of 20 that leaves out 2e-9,
    at 50 less than float64 can tell from 0.
    """
    return functional.softplus(logit, threshold=50)


class _MeanWithGradient(torch.autograd.Function):
    """Mean of losses whose gradient with respect to the feature is already known."""

    @staticmethod
    def forward(ctx, feature, value, gradient):
        ctx.save_for_backward(gradient)
        ctx.feature_dtype = feature.dtype
        return value.mean()

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_output):
        (gradient,) = ctx.saved_tensors
        grad_feature = gradient * (grad_output / len(gradient))
        return grad_feature.to(ctx.feature_dtype), None, None


def mean_with_known_gradient(feature: Tensor, value: Tensor, gradient: Tensor) -> Tensor:
    """Mean over the batch that backpropagates a gradient computed by formula.

    Args:
        feature (Tensor): (B, D), receives the gradient, in its own type.
        value (Tensor): (B,), loss of each sample.
        gradient (Tensor): (B, D), derivative of value[i] with respect to feature[i].

    Returns:
        Tensor: scalar mean of `value`, differentiable once.
    """
    return _MeanWithGradient.apply(feature, value, gradient)
