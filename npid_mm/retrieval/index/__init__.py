"""The files of an index: rows, entries, metadata, and whom to trust with them."""

from .feature_index import FeatureIndex

__all__ = ['FeatureIndex']
