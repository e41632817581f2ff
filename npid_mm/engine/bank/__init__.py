"""Rows of a memory bank: started from features, and following images that come and go."""

from .fill_rows import fill_from_features
from .grow_checkpoint import grow_checkpoint
from .match_images import Growth, match_images

__all__ = ['Growth', 'fill_from_features', 'grow_checkpoint', 'match_images']
