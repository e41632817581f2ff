"""Find duplicates, leaks, outliers and doubtful labels, and choose diverse images."""

from .all_neighbors import Neighbors, all_neighbors
from .clusters import cluster_rows
from .duplicates import (
    Pairs,
    confirm_pairs,
    duplicate_groups,
    join_pairs,
    leaking_groups,
    similar_pairs,
)
from .image_set import ImageSet, read_image_set
from .outliers import label_doubts, outlier_scores
from .pixels import pixel_similarity
from .report import Report, curate
from .subset import facility_location, k_center

__all__ = [
    'ImageSet',
    'Neighbors',
    'Pairs',
    'Report',
    'all_neighbors',
    'cluster_rows',
    'confirm_pairs',
    'curate',
    'duplicate_groups',
    'facility_location',
    'join_pairs',
    'k_center',
    'label_doubts',
    'leaking_groups',
    'outlier_scores',
    'pixel_similarity',
    'read_image_set',
    'similar_pairs',
]
