from .approximate import build_approximate
from .build import build_index
from .feature_index import FeatureIndex
from .image_retriever import ImageRetriever

__all__ = ['FeatureIndex', 'ImageRetriever', 'build_approximate', 'build_index']
