"""Backbones."""

from .library_backbone import LibraryBackbone
from .stem_resnet import StemResNet

__all__ = ['LibraryBackbone', 'StemResNet']
