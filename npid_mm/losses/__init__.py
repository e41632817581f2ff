"""Losses of instance discrimination: pure functions on tensors, which need torch alone.

Each loss consists of statistics of the bank's rows, which merge over blocks and shards, and of a
function from the statistics and the positive rows to a scalar with a known gradient.
"""

from .nce import nce_log_noise, nce_loss, nce_loss_from_statistics, nce_statistics
from .negatives import draw_negatives
from .normalizing_constant import estimate_z, z_from_statistics, z_statistics
from .proximal import proximal_loss
from .sampled_softmax import sampled_softmax_loss, sampled_softmax_statistics
from .softmax import (
    exact_softmax_loss,
    own_probability,
    softmax_loss_from_statistics,
    softmax_statistics,
)
from .statistics import NCEStatistics, SoftmaxStatistics, Statistics, ZStatistics

__all__ = [
    'NCEStatistics',
    'SoftmaxStatistics',
    'Statistics',
    'ZStatistics',
    'draw_negatives',
    'estimate_z',
    'exact_softmax_loss',
    'nce_log_noise',
    'nce_loss',
    'nce_loss_from_statistics',
    'nce_statistics',
    'own_probability',
    'proximal_loss',
    'sampled_softmax_loss',
    'sampled_softmax_statistics',
    'softmax_loss_from_statistics',
    'softmax_statistics',
    'z_from_statistics',
    'z_statistics',
]
