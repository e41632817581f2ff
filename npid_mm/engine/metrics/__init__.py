from .knn_accuracy import KNNAccuracy
from .layer_accuracy import LayerAccuracy
from .place_metric import fit_topk

__all__ = ['KNNAccuracy', 'LayerAccuracy', 'fit_topk']
