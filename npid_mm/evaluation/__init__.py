"""Pure functions of the evaluation: tensors in, tensors out, nothing of the package imported."""

from .knn import leave_one_out_hits, leave_one_out_knn, vote, weighted_knn
from .linear import linear_probe
from .neighbors import merge_neighbors, nearest_neighbors

__all__ = [
    'leave_one_out_hits',
    'leave_one_out_knn',
    'linear_probe',
    'merge_neighbors',
    'nearest_neighbors',
    'vote',
    'weighted_knn',
]
