"""Average precision as PASCAL VOC has defined it since 2010."""

import torch
from torch import Tensor


def voc_average_precision(scores: Tensor, targets: Tensor) -> Tensor:
    """Area under the precision-recall curve, each precision raised to the best later one.

    Rows of equal score enter the curve together, so their order does not matter. scikit-learn's
    ``average_precision_score`` does not raise the precisions and is never larger.

    Args:
        scores (Tensor): (N,), or (N, P) for P rankings of the same rows.
        targets (Tensor): (N,), 1 for positives, 0 for negatives, -1 for rows to leave out.

    Returns:
        Tensor: () or (P,), from 0 to 1, float64.

    Raises:
        ValueError: If the lengths differ, a score is NaN, a target is not 1, 0 or -1, or no target
            is 1.

    Example:
        >>> voc_average_precision(torch.tensor([0.9, 0.8, 0.1]), torch.tensor([1, 0, 1]))
        tensor(0.8333, dtype=torch.float64)
    """
    if targets.dim() != 1 or scores.dim() not in (1, 2) or len(scores) != len(targets):
        raise ValueError(
            'scores must be (N,) or (N, P) and targets (N,) of the same N, got '
            f'{tuple(scores.shape)} and {tuple(targets.shape)}'
        )
    check_targets('targets', targets)
    if scores.isnan().any():
        raise ValueError(f'scores must be numbers, got {int(scores.isnan().sum())} NaN')
    if not (targets == 1).any():
        raise ValueError(f'targets must hold at least one 1, got none in {len(targets)} rows')
    known = targets != -1
    ranked, order = scores[known].reshape(int(known.sum()), -1).sort(dim=0, descending=True)
    hits = (targets[known] == 1).to(scores.device)[order].double()
    rank = torch.arange(1, len(hits) + 1, device=hits.device, dtype=hits.dtype)
    precision = hits.cumsum(0) / rank[:, None]
    # only the last of several equal scores is a point of the curve
    precision[:-1][ranked[:-1] == ranked[1:]] = 0
    precision = precision.flip(0).cummax(0).values.flip(0)
    return ((precision * hits).sum(0) / hits.sum(0)).reshape(scores.shape[1:])


def check_targets(name: str, targets: Tensor) -> None:
    """Check that all targets are 1, 0 or -1."""
    wrong = ~((targets == 1) | (targets == 0) | (targets == -1))
    if wrong.any():
        raise ValueError(
            f'{name} must be 1 (present), 0 (absent) or -1 (left out), got '
            f'{targets[wrong].unique().tolist()[:5]}'
        )
