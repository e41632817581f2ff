"""Backbones."""

from .alexnet_c5 import AlexNetC5
from .library_backbone import LibraryBackbone
from .stem_resnet import StemResNet

__all__ = ['AlexNetC5', 'LibraryBackbone', 'StemResNet']
