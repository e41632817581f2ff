"""Pure functions of the evaluation: tensors in, tensors out, nothing of the package imported."""

from .knn import (
    leave_one_out_hits,
    leave_one_out_knn,
    merge_neighbors,
    nearest_neighbors,
    vote,
    weighted_knn,
)
from .linear import linear_probe

__all__ = [
    'linear_probe',
    'leave_one_out_hits',
    'leave_one_out_knn',
    'merge_neighbors',
    'nearest_neighbors',
    'vote',
    'weighted_knn',
]
