"""Transforms that load image files."""

from .load_image import LoadImage
from .load_random_resized_crop import LoadRandomResizedCrop

__all__ = ['LoadImage', 'LoadRandomResizedCrop']
