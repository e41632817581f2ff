"""Clusters of rows by k-means."""

import numpy as np
import torch
from torch import Tensor

from npid_mm.utils.checks import check_whole

BLOCK = 8192  # rows assigned at once
TRAINING_ROWS = 100_000  # rows that the centers are found on
MAX_DEFAULT = 50


def default_clusters(length: int) -> int:
    """Return the number of clusters for N rows: sqrt(N / 2), from 1 to 50."""
    return max(1, min(MAX_DEFAULT, round((length / 2) ** 0.5)))


def cluster_rows(rows: Tensor, count: int, seed: int = 0) -> Tensor:
    """Assign rows to clusters by k-means of scikit-learn, on at most 100,000 of them.

    Args:
        rows (Tensor): (N, D), unit rows of any floating type.
        count (int): Clusters, at most N.
        seed (int): Seed of the sample and of the first centers.

    Returns:
        Tensor: (N,), number of the cluster of each row. The largest cluster has number 0.

    Raises:
        ValueError: If ``count`` is below 1, or there are no rows.
    """
    from sklearn.cluster import MiniBatchKMeans  # slow to import

    check_whole('count', count)
    if not len(rows):
        raise ValueError('rows must be at least one, got none')
    generator = torch.Generator().manual_seed(seed)
    sample = torch.randperm(len(rows), generator=generator)[:TRAINING_ROWS].sort().values
    means = MiniBatchKMeans(min(count, len(sample)), random_state=seed, n_init=3)
    means.fit(rows[sample].float().numpy())
    label = np.concatenate([means.predict(part.float().numpy()) for part in rows.split(BLOCK)])
    sizes = np.bincount(label, minlength=means.n_clusters)
    number = np.empty(len(sizes), np.int64)
    number[np.argsort(-sizes, kind='stable')] = np.arange(len(sizes))
    return torch.from_numpy(number[label])
