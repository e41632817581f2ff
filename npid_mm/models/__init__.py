from .backbones import StemResNet
from .data_preprocessors import AugmentingDataPreprocessor
from .heads import (
    ExactSoftmaxHead,
    InstanceHead,
    LayerLinearHead,
    NCEHead,
    ParametricSoftmaxHead,
    SampledSoftmaxHead,
)
from .memory_banks import MemoryBank, ShardedMemoryBank
from .necks import LayerPooling
from .npid import NPID
from .probe_classifier import ProbeClassifier

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
