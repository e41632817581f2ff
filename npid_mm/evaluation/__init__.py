"""Evaluate features: pure functions, and the metrics that a Runner reports."""

from .functional import (
    COSTS,
    SHOTS,
    choose_low_shot,
    leave_one_out_hits,
    leave_one_out_knn,
    linear_gram,
    linear_probe,
    low_shot_svm,
    merge_neighbors,
    nearest_neighbors,
    normalize_features,
    squared_hinge_path,
    voc_average_precision,
    voc_svm,
    vote,
    weighted_knn,
)

__all__ = [
    'COSTS',
    'SHOTS',
    'choose_low_shot',
    'leave_one_out_hits',
    'leave_one_out_knn',
    'linear_gram',
    'linear_probe',
    'low_shot_svm',
    'merge_neighbors',
    'nearest_neighbors',
    'normalize_features',
    'squared_hinge_path',
    'voc_average_precision',
    'voc_svm',
    'vote',
    'weighted_knn',
]
