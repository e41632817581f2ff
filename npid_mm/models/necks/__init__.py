"""Necks."""

from .layer_pooling import LayerPooling

__all__ = ['LayerPooling']
