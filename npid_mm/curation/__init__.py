"""Find duplicates, leaks, outliers and doubtful labels, and choose diverse images."""

from .all_neighbors import Neighbors, all_neighbors
from .clusters import cluster_rows
from .duplicates import Pairs, confirm_pairs, duplicate_groups, leaking_groups, similar_pairs
from .outliers import label_doubts, outlier_scores
from .pixels import pixel_similarity
from .subset import facility_location, k_center

__all__ = [
    'Neighbors',
    'Pairs',
    'all_neighbors',
    'cluster_rows',
    'confirm_pairs',
    'duplicate_groups',
    'facility_location',
    'k_center',
    'label_doubts',
    'leaking_groups',
    'outlier_scores',
    'pixel_similarity',
    'similar_pairs',
]
