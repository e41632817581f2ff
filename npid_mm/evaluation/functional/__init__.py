"""Pure functions of the evaluation: tensors in, tensors out."""

from .average_precision import voc_average_precision
from .embedding_measures import alignment, rank_me, uniformity
from .knn import leave_one_out_hits, leave_one_out_knn, weighted_knn, weighted_vote
from .leave_one_out import leave_one_out_neighbors
from .linear import linear_predictions, linear_probe
from .low_shot import SHOTS, choose_low_shot, low_shot_svm
from .neighbor_measures import hubness, neighbor_overlap, own_row_share
from .neighbors import merge_neighbors, nearest_neighbors
from .probe_hits import bootstrap_interval, probe_hits
from .squared_hinge import linear_gram, squared_hinge_path
from .voc_svm import COSTS, normalize_features, voc_svm

__all__ = [
    'COSTS',
    'SHOTS',
    'alignment',
    'bootstrap_interval',
    'choose_low_shot',
    'hubness',
    'leave_one_out_hits',
    'leave_one_out_knn',
    'leave_one_out_neighbors',
    'linear_gram',
    'linear_predictions',
    'linear_probe',
    'low_shot_svm',
    'merge_neighbors',
    'nearest_neighbors',
    'neighbor_overlap',
    'normalize_features',
    'own_row_share',
    'probe_hits',
    'rank_me',
    'squared_hinge_path',
    'uniformity',
    'voc_average_precision',
    'voc_svm',
    'weighted_knn',
    'weighted_vote',
]
