from .augmenting_preprocessor import AugmentingDataPreprocessor

__all__ = ['AugmentingDataPreprocessor']
