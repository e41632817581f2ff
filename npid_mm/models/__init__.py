"""Models for MMPretrain: NPID and its parts, and a classifier on a pretrained backbone."""

from . import heads
from .backbones import LibraryBackbone, StemResNet
from .data_preprocessors import AugmentingDataPreprocessor
from .heads import *  # noqa: F403  # a head is listed in heads/__init__.py only
from .memory_banks import MemoryBank, ShardedMemoryBank
from .necks import LayerPooling
from .npid import NPID
from .probe_classifier import ProbeClassifier

__all__ = [
    *heads.__all__,
    'NPID',
    'AugmentingDataPreprocessor',
    'LayerPooling',
    'LibraryBackbone',
    'MemoryBank',
    'ProbeClassifier',
    'ShardedMemoryBank',
    'StemResNet',
]
