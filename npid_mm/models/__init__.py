"""Models for MMPretrain: NPID and its parts, and a classifier on a pretrained backbone."""

from . import heads
from .backbones import AlexNetC5, LibraryBackbone, StemResNet
from .data_preprocessors import AugmentingDataPreprocessor
from .heads import *  # noqa: F403  # a head is listed in heads/__init__.py only
from .memory_banks import MemoryBank, ShardedMemoryBank
from .necks import LayerPooling, RegionLayers
from .npid import NPID
from .probe_classifier import ProbeClassifier

__all__ = [
    *heads.__all__,
    'NPID',
    'AlexNetC5',
    'AugmentingDataPreprocessor',
    'LayerPooling',
    'LibraryBackbone',
    'MemoryBank',
    'ProbeClassifier',
    'RegionLayers',
    'ShardedMemoryBank',
    'StemResNet',
]
