from .knn_accuracy import KNNAccuracy
from .layer_accuracy import LayerAccuracy

__all__ = ['KNNAccuracy', 'LayerAccuracy']
