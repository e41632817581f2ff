"""Build and search an index of image features."""

from .approximate import build_approximate
from .build import build_index
from .image_retriever import ImageRetriever
from .index import FeatureIndex

__all__ = ['FeatureIndex', 'ImageRetriever', 'build_approximate', 'build_index']
