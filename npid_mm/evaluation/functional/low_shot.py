"""VOC07 low-shot classification: linear SVMs on k positives per class, averaged over draws."""

import random
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from npid_mm.utils.checks import check_whole

from .average_precision import voc_average_precision
from .squared_hinge import linear_gram, squared_hinge_path
from .voc_svm import COSTS, check_inputs, linear_scores, signs_and_weights

SHOTS = (1, 2, 4, 8, 16, 32, 64, 96)


def sample_rows(target: Tensor, k: int, classes: int, seed: str) -> Tensor:
    """Sample k positives and (classes - 1) k negatives of one class.

    If the class has too few negatives, all of them are taken; the original code raises an error.

    Args:
        target (Tensor): (N,), 1, 0 or -1; rows of -1 are never sampled.
        k (int): Positives to sample.
        classes (int): C.
        seed (str): Equal seeds give equal samples.

    Returns:
        Tensor: (R,), row indices in ascending order, int64.

    Raises:
        ValueError: If the class has fewer than k positives or no negative, or ``k`` is below 1.
    """
    positives, negatives = ((target == sign).nonzero().flatten().tolist() for sign in (1, 0))
    if not 1 <= k <= len(positives):
        raise ValueError(
            f'k must be from 1 to the number of positives of the class, {len(positives)}, got {k}'
        )
    if not negatives:
        raise ValueError('the class must have at least one negative (0), got none')
    generator = random.Random(seed)
    rows = generator.sample(positives, k)
    rows += generator.sample(negatives, min((classes - 1) * k, len(negatives)))
    return torch.tensor(sorted(rows), device=target.device)


def low_shot_svm(
    train: Tensor,
    train_targets: Tensor,
    test: Tensor,
    test_targets: Tensor,
    k: int,
    columns: Sequence[int] | None = None,
    draws: int = 5,
    seed: int = 0,
    costs: Sequence[float] = COSTS,
    gram: Tensor | None = None,
) -> list[dict]:
    """Average precisions of SVMs on k positives, for every class, draw and cost.

    A draw depends on ``seed``, k, its number and the class alone, so a call for some ``columns``
    returns the same records as a call for all.

    Args:
        train (Tensor): (N, D), from :func:`normalize_features`.
        train_targets (Tensor): (N, C), 1 present, 0 absent, -1 difficult.
        test (Tensor): (Q, D), from :func:`normalize_features`.
        test_targets (Tensor): (Q, C).
        k (int): Positives of a draw.
        columns (Sequence[int], optional): Classes to answer. Defaults to all C.
        draws (int): Independent draws. Defaults to 5.
        seed (int): Seed of the draws. Defaults to 0.
        costs (Sequence[float]): Above 0. Defaults to the 19 of the protocol.
        gram (Tensor, optional): ``linear_gram(train)``, to share it between calls.

    Returns:
        list[dict]: For each column ``column``, ``k``, ``costs``, and (draws, costs) average
        precisions ``test_ap`` and ``held_out_ap``. The latter is on the rows of ``train`` outside
        the draw, and None if no positive is left there. Input of :func:`choose_low_shot`.

    Raises:
        ValueError: If :func:`voc_svm` would refuse the inputs, ``draws`` is below 1, or a class has
            fewer than k positives, no negative or no positive to test on.

    Example:
        >>> rows, targets = torch.eye(8).double(), torch.tensor([[1, 0], [0, 1]]).repeat(4, 1)
        >>> records = low_shot_svm(rows, targets, rows, targets, k=2, draws=3, costs=[1.0])
        >>> [record['column'] for record in records]
        [0, 1]
    """
    check_inputs(train, train_targets, test, test_targets, costs)
    check_whole('draws', draws)
    classes = train_targets.shape[1]
    train_targets, test_targets = train_targets.to(train.device), test_targets.to(train.device)
    gram = linear_gram(train) if gram is None else gram
    records = []
    for column in range(classes) if columns is None else columns:
        target, coefs, held_out_ap = train_targets[:, column], [], []
        for draw in range(draws):
            rows = sample_rows(target, k, classes, f'{seed}/{k}/{draw}/{column}')
            coef = gram.new_zeros(len(gram), len(costs))
            coef[rows] = _coefficients(gram[rows[:, None], rows], target[rows], costs)
            coefs.append(coef)
            others = target.clone()
            others[rows] = -1
            held_out_ap.append(
                voc_average_precision(gram @ coef, others).tolist() if (others == 1).any() else None
            )
        score = linear_scores(test, train, torch.cat(coefs, 1))
        test_ap = voc_average_precision(score, test_targets[:, column]).view(draws, -1).tolist()
        records.append(
            dict(column=column, k=k, costs=list(costs), held_out_ap=held_out_ap, test_ap=test_ap)
        )
    return records


def choose_low_shot(records: Sequence[dict], select: str = 'held_out') -> dict:
    """Choose one cost for all classes and draws, and average the test results at that cost.

    ``select='held_out'`` chooses by the training images outside each draw and never looks at the
    test set. ``'test'`` is the published protocol, which chooses by the test result itself and
    overestimates it.

    Args:
        records (Sequence[dict]): From :func:`low_shot_svm`, for all classes and one k.
        select (str): 'held_out' or 'test'. Defaults to 'held_out'.

    Returns:
        dict: ``k``, ``cost``, ``test_map`` and ``test_map_per_draw``.

    Raises:
        ValueError: If ``select`` is neither, ``records`` is empty, they differ in k, costs or
            number of draws, or no class has a positive outside its draws.

    Example:
        >>> record = {'k': 1, 'costs': [1.0], 'test_ap': [[0.6]], 'held_out_ap': [[0.5]]}
        >>> choose_low_shot([record])['cost']
        1.0
    """
    if select not in ('held_out', 'test'):
        raise ValueError(f"select must be 'held_out' or 'test', got {select!r}")
    kinds = {(each['k'], tuple(each['costs']), len(each['test_ap'])) for each in records}
    if len(kinds) != 1:
        raise ValueError(
            'records must be of one k, one list of costs and one number of draws, got '
            f'{len(kinds)} kinds in {len(records)} records'
        )
    ((k, costs, _),) = kinds
    seen = [draw for each in records for draw in each[f'{select}_ap'] if draw is not None]
    if not seen:
        raise ValueError(
            f"no class has a positive outside its draws of {k}: lower k or pass select='test'"
        )
    best = int(np.mean(seen, axis=0).argmax())
    per_draw = np.mean([each['test_ap'] for each in records], axis=0)[:, best]
    return dict(
        k=k, cost=costs[best], test_map=float(per_draw.mean()), test_map_per_draw=per_draw.tolist()
    )


def _coefficients(gram: Tensor, target: Tensor, costs: Sequence[float]) -> Tensor:
    """Coefficients (R, costs) of the SVMs of one draw."""
    signs, weights = signs_and_weights((target == 1)[:, None])
    found = {cost: coef[:, 0] for cost, coef, _ in squared_hinge_path(gram, signs, weights, costs)}
    return torch.stack([found[cost] for cost in costs], dim=1)
