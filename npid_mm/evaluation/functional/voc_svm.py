"""The VOC07 protocol: one linear SVM per class, its cost chosen by cross-validation."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from npid_mm.utils.checks import check_finite_rows

from .average_precision import check_targets, voc_average_precision
from .squared_hinge import linear_gram, squared_hinge_path

COSTS = (1.0, 10.0, 100.0, *(0.5**power for power in range(4, 20)))
POSITIVE_WEIGHT = 2.0  # loss weight of positives; negatives have 1
FOLDS = 3


def normalize_features(features: Tensor) -> Tensor:
    """Convert rows (N, D) to float64 and divide them by their length + 1e-5.

    Example:
        >>> normalize_features(torch.tensor([[3.0, 4.0]])).round(decimals=3)
        tensor([[0.6000, 0.8000]], dtype=torch.float64)
    """
    features = features.double()
    return features / (features.norm(dim=1, keepdim=True) + 1e-5)


def voc_svm(
    train: Tensor,
    train_targets: Tensor,
    test: Tensor,
    test_targets: Tensor,
    columns: Sequence[int] | None = None,
    costs: Sequence[float] = COSTS,
    gram: Tensor | None = None,
) -> list[dict]:
    """Average precision of each class, at the cost with the best cross-validation.

    A class's SVM is trained on all N rows, where -1 counts as absent as in the protocol, and tested
    on the rows that are not -1. Its cost has the best mean of scikit-learn's average precision over
    three stratified folds in the order of the rows; of equal ones the first counts. Classes are
    independent, so a call for some ``columns`` returns the same records as a call for all.

    Args:
        train (Tensor): (N, D), from :func:`normalize_features`.
        train_targets (Tensor): (N, C), 1 present, 0 absent, -1 difficult.
        test (Tensor): (Q, D), from :func:`normalize_features`.
        test_targets (Tensor): (Q, C).
        columns (Sequence[int], optional): Classes to answer. Defaults to all C; many at a time
            are faster.
        costs (Sequence[float]): Above 0. Defaults to the 19 of the protocol.
        gram (Tensor, optional): ``linear_gram(train)``, to share it between calls.

    Returns:
        list[dict]: For each column ``column``, ``costs``, ``cv_ap`` of each cost, the chosen
        ``cost`` and ``test_ap``, plain numbers.

    Raises:
        ValueError: If shapes do not fit, a feature is not finite, a target is not 1, 0 or -1, a
            cost is not above 0, or a class has fewer than 3 positives or negatives to train on or
            no positive to test on.

    Example:
        >>> rows, targets = normalize_features(torch.eye(8)), torch.tensor([[1], [0]]).repeat(4, 1)
        >>> voc_svm(rows, targets, rows, targets, costs=[1.0])[0]['test_ap']
        1.0
    """
    check_inputs(train, train_targets, test, test_targets, costs)
    columns = range(train_targets.shape[1]) if columns is None else list(columns)
    present = train_targets[:, columns].to(train.device) == 1
    held_out = _folds(present, columns)
    for column in columns:
        if not (test_targets[:, column] == 1).any():
            raise ValueError(f'class {column} has no positive in test_targets')
    signs, weights = signs_and_weights(present.repeat_interleave(FOLDS + 1, 1))
    weights *= ~held_out.flatten(1)

    precision, coefs = {}, {}
    gram = linear_gram(train) if gram is None else gram
    for cost, coef, score in squared_hinge_path(gram, signs, weights, costs):
        score = score.view(held_out.shape)
        precision[cost] = [
            _cross_validated(score[:, i], held_out[:, i], present[:, i])
            for i in range(len(columns))
        ]
        coefs[cost] = coef.view(held_out.shape)[:, :, FOLDS]
    records = []
    for i, column in enumerate(columns):
        cv_ap = [precision[cost][i] for cost in costs]
        cost = costs[int(np.argmax(cv_ap))]
        score = linear_scores(test, train, coefs[cost][:, i])
        test_ap = float(voc_average_precision(score, test_targets[:, column].to(score.device)))
        records.append(
            dict(column=column, costs=list(costs), cv_ap=cv_ap, cost=cost, test_ap=test_ap)
        )
    return records


def signs_and_weights(present: Tensor) -> tuple[Tensor, Tensor]:
    """Signs and weights (N, P), float64, of the training rows, where ``present`` is bool (N, P)."""
    present = present.double()
    return 2 * present - 1, 1 + (POSITIVE_WEIGHT - 1) * present


def linear_scores(rows: Tensor, train: Tensor, coef: Tensor) -> Tensor:
    """Scores (Q,) or (Q, P) of ``rows`` (Q, D), from coefficients (N,) or (N, P) over ``train``."""
    return rows @ (train.T @ coef) + coef.sum(0)


def check_inputs(
    train: Tensor,
    train_targets: Tensor,
    test: Tensor,
    test_targets: Tensor,
    costs: Sequence[float],
) -> None:
    """Check shapes, types and values of features, targets and costs.

    Raises:
        ValueError: If one of them is wrong.
    """
    for name, rows, targets in (('train', train, train_targets), ('test', test, test_targets)):
        if rows.dim() != 2 or rows.dtype != torch.float64:
            raise ValueError(
                f'{name} must be (N, D) in float64, got {tuple(rows.shape)} in {rows.dtype}: pass '
                'it through normalize_features'
            )
        check_finite_rows(name, rows)
        if targets.dim() != 2 or len(targets) != len(rows):
            raise ValueError(
                f'{name}_targets must be (N, C) with a row for each of the {len(rows)} rows of '
                f'{name}, got {tuple(targets.shape)}'
            )
        check_targets(f'{name}_targets', targets)
    if train.shape[1] != test.shape[1] or train_targets.shape[1] != test_targets.shape[1]:
        raise ValueError(
            'train and test must have the same numbers of features and of classes, got '
            f'{train.shape[1]} and {test.shape[1]} features, {train_targets.shape[1]} and '
            f'{test_targets.shape[1]} classes'
        )
    if len(costs) == 0 or min(costs) <= 0:
        raise ValueError(f'costs must be at least one number, all above 0, got {list(costs)}')


def _folds(present: Tensor, columns: Sequence[int]) -> Tensor:
    """Held-out rows (N, C, FOLDS + 1) of each class; the last SVM is trained on all rows."""
    from sklearn.model_selection import StratifiedKFold  # slow to import

    held_out = torch.zeros(*present.shape, FOLDS + 1, dtype=torch.bool, device=present.device)
    for i, column in enumerate(columns):
        label = present[:, i].cpu().numpy()
        if min(label.sum(), (~label).sum()) < FOLDS:
            raise ValueError(
                f'class {column} must have at least {FOLDS} positives and {FOLDS} negatives in '
                f'train_targets, one for each fold, got {label.sum()} and {(~label).sum()}'
            )
        for fold, (_, rows) in enumerate(StratifiedKFold(FOLDS).split(label, label)):
            held_out[torch.from_numpy(rows).to(present.device), i, fold] = True
    return held_out


def _cross_validated(score: Tensor, held_out: Tensor, present: Tensor) -> float:
    """Mean over the folds of scikit-learn's average precision of one class at one cost."""
    from sklearn.metrics import average_precision_score  # slow to import

    scores, rows, labels = (each.cpu().numpy() for each in (score, held_out, present))
    folds = [
        average_precision_score(labels[rows[:, fold]], scores[rows[:, fold], fold])
        for fold in range(FOLDS)
    ]
    return float(np.mean(folds))
