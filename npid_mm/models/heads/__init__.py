"""Heads: the losses of instance discrimination, and classifiers of every layer."""

from .base_head import InstanceHead
from .exact_softmax_head import ExactSoftmaxHead
from .layer_linear_head import LayerLinearHead
from .nce_head import NCEHead
from .parametric_softmax_head import ParametricSoftmaxHead
from .sampled_softmax_head import SampledSoftmaxHead

__all__ = [
    'ExactSoftmaxHead',
    'InstanceHead',
    'LayerLinearHead',
    'NCEHead',
    'ParametricSoftmaxHead',
    'SampledSoftmaxHead',
]
