"""Data preprocessors, which run on the training device."""

from .augmenting_preprocessor import AugmentingDataPreprocessor

__all__ = ['AugmentingDataPreprocessor']
