"""Necks."""

from .layer_pooling import LayerPooling
from .region_layers import RegionLayers

__all__ = ['LayerPooling', 'RegionLayers']
