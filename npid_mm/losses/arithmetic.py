"""Arithmetic shared by the losses: types, softplus, and a mean with a known gradient."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F


@contextmanager
def plain_arithmetic(feature: Tensor) -> Iterator[None]:
    """Disable gradients, and autocast on the device of ``feature``.

    The losses differentiate by formula and choose their own types: under autocast their products
    would drop to half precision.
    """
    with torch.no_grad(), torch.autocast(feature.device.type, enabled=False):
        yield


def compute_dtype(feature: Tensor) -> torch.dtype:
    """float64 for a float64 feature, float32 for every other."""
    return torch.float64 if feature.dtype == torch.float64 else torch.float32


def softplus(logit: Tensor) -> Tensor:
    """log(1 + exp(logit)), exact in float64 too.

    Above its threshold torch returns the logit itself: at the default of 20 that omits 2e-9, at 50
    less than float64 can represent beside 50.
    """
    return F.softplus(logit, threshold=50)


class _MeanWithKnownGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, feature: Tensor, value: Tensor, gradient: Tensor) -> Tensor:
        ctx.save_for_backward(gradient)
        ctx.feature_dtype = feature.dtype
        return value.mean()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor, None, None]:
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
        Tensor: Scalar mean of ``value``, differentiable once.
    """
    return _MeanWithKnownGradient.apply(feature, value, gradient)
