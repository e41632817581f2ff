"""Transforms that load image files."""

from .load_image import LoadImage
from .load_random_resized_crop import LoadRandomResizedCrop
from .resize_channels import ResizeChannels

__all__ = ['LoadImage', 'LoadRandomResizedCrop', 'ResizeChannels']
