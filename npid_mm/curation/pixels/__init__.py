"""Comparison of the pixels of images that may be copies."""

from .image_pixels import ImagePixels
from .similarity import pixel_similarity

__all__ = ['ImagePixels', 'pixel_similarity']
