"""Build and search an index of image features. Searching by its ONNX encoder imports no torch."""

from npid_mm.utils.lazy_names import lazy_names

from .index import FeatureIndex
from .index_search import IndexSearch, search_index

__all__ = [  # noqa: F822
    'FeatureIndex',
    'ImageRetriever',
    'IndexSearch',
    'build_approximate',
    'build_index',
    'search_index',
]

__getattr__ = lazy_names(
    __name__,
    {
        'ImageRetriever': 'image_retriever',
        'build_approximate': 'approximate',
        'build_index': 'build',
    },
)
