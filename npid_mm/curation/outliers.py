"""Images that resemble no other, and labels that their neighbors contradict."""

import torch
from torch import Tensor

from npid_mm.evaluation import weighted_vote
from npid_mm.utils.checks import check_temperature

from .all_neighbors import Neighbors

ROWS = 8192  # rows whose scores (n, C) are held at once


def outlier_scores(neighbors: Neighbors) -> Tensor:
    """Mean of 1 - cosine to the neighbors of each row, the larger the more unusual.

    Args:
        neighbors (Neighbors): Of N rows.

    Returns:
        Tensor: (N,), from 0 to 2; 2 for a row without neighbors.

    Example:
        >>> outlier_scores(all_neighbors(torch.eye(3), k=2)).tolist()
        [1.0, 1.0, 1.0]
    """
    return 1 - neighbors.similarity.clamp(min=-1).mean(dim=1)


def label_doubts(
    neighbors: Neighbors, labels: Tensor, temperature: float = 0.07
) -> tuple[Tensor, Tensor]:
    """Share of the neighbors' vote against the label of each row, and the label that they prefer.

    Args:
        neighbors (Neighbors): Of N rows.
        labels (Tensor): (N,), class of each row; -1 if it is unknown.
        temperature (float): tau of the vote exp(s / tau).

    Returns:
        tuple[Tensor, Tensor]: Doubt (N,), from 0 to 1, and the preferred label (N,). Both are NaN
        or -1 for a row without a label, or without a labeled neighbor.

    Raises:
        ValueError: If ``labels`` does not hold one class per row, or ``temperature`` is too low.
    """
    similarity, index = neighbors.similarity, neighbors.indices
    check_temperature(temperature, terms=max(similarity.shape[1], 1))
    if labels.shape != (len(index),) or labels.is_floating_point() or (labels < -1).any():
        raise ValueError(
            f'labels must be {len(index)} integers of at least -1, one for each row, got '
            f'{tuple(labels.shape)} of {labels.dtype}'
        )
    classes = int(labels.max()) + 1 if len(labels) else 0
    doubts = torch.full((len(labels),), torch.nan)
    preferred = torch.full((len(labels),), -1)
    for rows in torch.arange(len(labels)).split(ROWS) if classes else ():
        found = labels[index[rows]]
        known = (found >= 0) & (index[rows] >= 0)
        # a vote of weight 0, exp(-inf), for any class
        votes = similarity[rows].masked_fill(~known, -torch.inf)
        scores = weighted_vote(votes, found.where(known, 0), found.shape[1], temperature, classes)
        voted = known.any(dim=1)
        preferred[rows] = scores.argmax(dim=1).where(voted, -1)
        own = labels[rows]
        share = scores.gather(1, own.clamp(min=0)[:, None])[:, 0] / scores.sum(dim=1)
        doubts[rows] = (1 - share).where(voted & (own >= 0), torch.nan)
    return doubts, preferred
