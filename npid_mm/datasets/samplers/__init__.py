"""Samplers of training images."""

from .resumable_sampler import ResumableSampler

__all__ = ['ResumableSampler']
