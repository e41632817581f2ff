"""The files of an index: rows, entries, metadata and their signature."""

from .feature_index import FeatureIndex

__all__ = ['FeatureIndex']
