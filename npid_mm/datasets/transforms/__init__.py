"""Transforms that load image files."""

from .load_image import LoadImage
from .load_proposal_file import LoadProposalFile
from .load_random_resized_crop import LoadRandomResizedCrop
from .resize_channels import ResizeChannels

__all__ = ['LoadImage', 'LoadProposalFile', 'LoadRandomResizedCrop', 'ResizeChannels']
