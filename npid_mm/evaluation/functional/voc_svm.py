"""The VOC07 protocol: one linear support vector machine a class, its cost by cross-validation."""

import numpy as np
import torch

from .average_precision import check_targets, voc_average_precision
from .squared_hinge import linear_gram, squared_hinge_path

COSTS = (1.0, 10.0, 100.0, *(0.5**power for power in range(4, 20)))
POSITIVE_WEIGHT = 2.0  # of a positive's loss beside a negative's
FOLDS = 3


def normalize_features(features):
    """Rows (N, D) in float64, divided by their length + 1e-5."""
    features = features.double()
    return features / (features.norm(dim=1, keepdim=True) + 1e-5)


def voc_svm(train, train_targets, test, test_targets, columns=None, costs=COSTS, gram=None):
    """Average precision of each class, of the machine whose cost cross-validates best.

    A class's machine is trained on all N rows, where -1 counts as absent as in the protocol, and
    tested on the rows that are not -1. Its cost has the best mean of scikit-learn's average
    precision over three stratified folds in the order of the rows; of equals the first counts.
    Classes do not influence each other: asking for some of the ``columns`` gives their records.

    Args:
        train (Tensor): (N, D), of :func:`normalize_features`.
        train_targets (Tensor): (N, C), 1 present, 0 absent, -1 difficult.
        test (Tensor): (Q, D), of :func:`normalize_features`.
        test_targets (Tensor): (Q, C).
        columns (Sequence[int], optional): Classes to answer. Defaults to all C; many at a time
            cost less.
        costs (Sequence[float]): Above 0. Defaults to the 19 of the protocol.
        gram (Tensor, optional): ``linear_gram(train)``, where it is at hand for several calls.

    Returns:
        list[dict]: For each column ``column``, ``costs``, ``cv_ap`` of each cost, the chosen
        ``cost`` and ``test_ap``, plain numbers.

    Raises:
        ValueError: If shapes do not fit, a feature is not finite, a target is none of 1, 0 and -1,
            a cost is not above 0, or a class has fewer than 3 positives or negatives to train on or
            no positive to test on.
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
        test_ap = voc_average_precision(score, test_targets[:, column].to(score.device))
        records.append(
            dict(
                column=column,
                costs=list(costs),
                cv_ap=cv_ap,
                cost=cost,
                test_ap=float(test_ap),
            )
        )
    return records


def signs_and_weights(present):
    """What the machines of ``present`` (N, P) train on: signs and weights (N, P), float64."""
    present = present.double()
    return 2 * present - 1, 1 + (POSITIVE_WEIGHT - 1) * present


def linear_scores(rows, train, coef):
    """Scores (Q,) or (Q, P) of ``rows`` (Q, D) by machines with coefficients over ``train``."""
    return rows @ (train.T @ coef) + coef.sum(0)


def check_inputs(train, train_targets, test, test_targets, costs):
    """Refuse features, targets and costs that no machine can be trained on or tested with."""
    for name, rows, targets in (('train', train, train_targets), ('test', test, test_targets)):
        if rows.dim() != 2 or rows.dtype != torch.float64:
            raise ValueError(
                f'{name} must be (N, D) in float64, got {tuple(rows.shape)} in {rows.dtype}: pass '
                'it through normalize_features'
            )
        broken = ~rows.isfinite().all(dim=1)
        if broken.any():
            raise ValueError(
                f'{name} must be finite, but {int(broken.sum())} of its {len(rows)} rows hold NaN '
                f'or infinity, the first is row {int(broken.nonzero()[0])}'
            )
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


def _folds(present, columns):
    """Held-out rows (N, C, FOLDS + 1) of each class; the last machine is trained on all."""
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


def _cross_validated(score, held_out, present):
    """Mean over the folds of scikit-learn's average precision of one class at one cost."""
    from sklearn.metrics import average_precision_score  # slow to import

    score, held_out, present = (each.cpu().numpy() for each in (score, held_out, present))
    return float(
        np.mean(
            [
                average_precision_score(present[held_out[:, fold]], score[held_out[:, fold], fold])
                for fold in range(FOLDS)
            ]
        )
    )
