"""Right answers of simple classifiers on frozen features, and intervals of their accuracy."""

import torch
from torch import Tensor

from npid_mm.utils.checks import check_whole

from .knn import weighted_knn
from .linear import linear_predictions

RESAMPLES = 2000
AT_ONCE = 100  # resamples in memory


def probe_hits(
    train: Tensor,
    train_labels: Tensor,
    test: Tensor,
    test_labels: Tensor,
    k: int = 10,
    shots: int = 5,
    draws: int = 5,
    seed: int = 0,
) -> dict[str, Tensor]:
    """Classify rows by their neighbors, by a linear classifier, and by one that has few labels.

    Args:
        train (Tensor): (N, D), unit rows.
        train_labels (Tensor): (N,), their classes from 0 on, at least two different ones.
        test (Tensor): (Q, D), unit rows to classify.
        test_labels (Tensor): (Q,), their classes.
        k (int): Neighbors that vote in :func:`weighted_knn`.
        shots (int): Labels per class of the last classifier; all of a class that has fewer.
        draws (int): Random choices of these labels, whose answers are averaged.
        seed (int): Seed of the choices.

    Returns:
        dict[str, Tensor]: ``knn``, ``linear`` and ``few_labels``, each (Q,) with 1 for a right
        answer and 0 for a wrong one, or the share of the draws whose answer is right.

    Raises:
        ValueError: If a number is below 1, or there are fewer than two classes.

    Example:
        >>> rows, labels = torch.eye(2).repeat(5, 1), torch.tensor([0, 1]).repeat(5)
        >>> probe_hits(rows, labels, rows[:2], labels[:2])['linear']
        tensor([1., 1.])
    """
    check_whole('shots', shots)
    check_whole('draws', draws)
    generator = torch.Generator().manual_seed(seed)
    few = torch.zeros(len(test))
    for _ in range(draws):
        order = torch.randperm(len(train), generator=generator)
        rows = torch.cat(
            [order[train_labels[order] == each][:shots] for each in train_labels.unique()]
        )
        found = linear_predictions(train[rows], train_labels[rows], test)
        few += (found == test_labels).float() / draws
    classes = int(torch.cat([train_labels, test_labels]).max()) + 1
    near = weighted_knn(test, train, train_labels, k, num_classes=classes).argmax(dim=1)
    linear = linear_predictions(train, train_labels, test)
    return {
        'knn': (near == test_labels).float(),
        'linear': (linear == test_labels).float(),
        'few_labels': few,
    }


def bootstrap_interval(values: Tensor, share: float = 0.95, seed: int = 0) -> tuple[float, float]:
    """Return the interval of a mean over resamples of the values.

    For the difference of two classifiers on the same images, ``values`` are the differences of
    their right answers: their interval is narrower than those of both accuracies.

    Args:
        values (Tensor): (Q,), such as those of :func:`probe_hits`.
        share (float): Share of the 2,000 resampled means that lie in the interval.
        seed (int): Seed of the resamples.

    Example:
        >>> low, high = bootstrap_interval(torch.tensor([0.0, 1.0]).repeat(50))
        >>> low < 0.5 < high
        True
    """
    generator = torch.Generator().manual_seed(seed)
    shape = (AT_ONCE, len(values))
    means = torch.cat(
        [
            values[torch.randint(len(values), shape, generator=generator)].double().mean(dim=1)
            for _ in range(RESAMPLES // AT_ONCE)
        ]
    )
    ends = torch.tensor([(1 - share) / 2, (1 + share) / 2], dtype=torch.float64)
    low, high = means.quantile(ends).tolist()
    return low, high
