"""Metrics that a Runner reports."""

from .knn_accuracy import KNNAccuracy
from .layer_accuracy import LayerAccuracy
from .rank_metric import fit_topk

__all__ = ['KNNAccuracy', 'LayerAccuracy', 'fit_topk']
