"""Losses of non-parametric instance discrimination: pure functions on tensors, torch only.

Each loss is a composition of streamed statistics of the bank, which merge over shards, and of a
function that turns statistics and positive rows into a scalar with a gradient by formula.
"""

from .nce import estimate_z, nce_log_noise, nce_loss, nce_loss_from_statistics, nce_statistics
from .negatives import draw_negatives
from .proximal import proximal_loss
from .sampled import (
    sampled_softmax_loss,
    sampled_softmax_statistics,
)
from .softmax import (
    exact_softmax_loss,
    merge_softmax_statistics,
    softmax_loss_from_negatives,
    softmax_statistics,
)

__all__ = [
    'draw_negatives',
    'estimate_z',
    'exact_softmax_loss',
    'merge_softmax_statistics',
    'nce_log_noise',
    'nce_loss',
    'nce_loss_from_statistics',
    'nce_statistics',
    'proximal_loss',
    'sampled_softmax_loss',
    'sampled_softmax_statistics',
    'softmax_loss_from_negatives',
    'softmax_statistics',
]
