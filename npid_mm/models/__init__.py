from .augmenting_preprocessor import AugmentingDataPreprocessor
from .heads import (
    ExactSoftmaxHead,
    InstanceHead,
    NCEHead,
    ParametricSoftmaxHead,
    SampledSoftmaxHead,
)
from .memory_bank import MemoryBank
from .npid import NPID
from .sharded_memory_bank import ShardedMemoryBank

__all__ = [
    'NPID',
    'AugmentingDataPreprocessor',
    'ExactSoftmaxHead',
    'InstanceHead',
    'MemoryBank',
    'NCEHead',
    'ParametricSoftmaxHead',
    'SampledSoftmaxHead',
    'ShardedMemoryBank',
]
