from .augmenting_preprocessor import AugmentingDataPreprocessor
from .backbones import StemResNet
from .heads import (
    ExactSoftmaxHead,
    InstanceHead,
    LayerLinearHead,
    NCEHead,
    ParametricSoftmaxHead,
    SampledSoftmaxHead,
)
from .layer_pooling import LayerPooling
from .memory_bank import MemoryBank
from .npid import NPID
from .probe_classifier import ProbeClassifier
from .sharded_memory_bank import ShardedMemoryBank

__all__ = [
    'NPID',
    'AugmentingDataPreprocessor',
    'ExactSoftmaxHead',
    'InstanceHead',
    'LayerLinearHead',
    'LayerPooling',
    'MemoryBank',
    'NCEHead',
    'ParametricSoftmaxHead',
    'ProbeClassifier',
    'SampledSoftmaxHead',
    'ShardedMemoryBank',
    'StemResNet',
]
