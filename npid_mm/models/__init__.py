from .heads import (
    ExactSoftmaxHead,
    InstanceHead,
    NCEHead,
    ParametricSoftmaxHead,
    SampledSoftmaxHead,
)
from .memory_bank import MemoryBank
from .npid import NPID

__all__ = [
    'NPID',
    'ExactSoftmaxHead',
    'InstanceHead',
    'MemoryBank',
    'NCEHead',
    'ParametricSoftmaxHead',
    'SampledSoftmaxHead',
]
