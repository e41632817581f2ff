"""Logistic regression on frozen features."""

import numpy as np
import torch
from torch import Tensor

from npid_mm.utils.checks import check_number


def linear_probe(
    train: Tensor,
    train_labels: Tensor,
    test: Tensor,
    test_labels: Tensor,
    inverse_weight: float = 1.0,
) -> float:
    """Fit a logistic regression on standardized features, for small data sets.

    Args:
        train (Tensor): Features (N, D) to fit on.
        train_labels (Tensor): Their classes (N,), at least two different ones.
        test (Tensor): Features (Q, D) to classify.
        test_labels (Tensor): Their classes (Q,).
        inverse_weight (float): scikit-learn's C, the inverse of the L2 penalty.

    Returns:
        float: Accuracy on ``test``, from 0 to 1.

    Raises:
        ValueError: If ``train_labels`` has fewer than two classes, or ``inverse_weight`` is not
            above 0.

    Example:
        >>> rows, labels = torch.eye(2).repeat(5, 1), torch.tensor([0, 1]).repeat(5)
        >>> linear_probe(rows, labels, rows, labels)
        1.0
    """
    predictions = linear_predictions(train, train_labels, test, inverse_weight)
    return float((predictions == test_labels.cpu()).double().mean())


def linear_predictions(
    train: Tensor, train_labels: Tensor, test: Tensor, inverse_weight: float = 1.0
) -> Tensor:
    """Classify features by the logistic regression of :func:`linear_probe`.

    Args:
        train (Tensor): Features (N, D) to fit on.
        train_labels (Tensor): Their classes (N,), at least two different ones.
        test (Tensor): Features (Q, D) to classify.
        inverse_weight (float): scikit-learn's C, the inverse of the L2 penalty.

    Returns:
        Tensor: Classes (Q,), on the CPU.

    Raises:
        ValueError: If :func:`linear_probe` would raise one.

    Example:
        >>> linear_predictions(torch.eye(2), torch.tensor([0, 1]), torch.eye(2))
        tensor([0, 1])
    """
    # scikit-learn takes seconds to import
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    check_number('inverse_weight', inverse_weight, '(0, inf)')
    classes = train_labels.unique()
    if len(classes) < 2:
        raise ValueError(
            f'a linear probe needs at least two classes, train_labels holds {classes.tolist()}'
        )
    rows, labels, queries = (np.asarray(each.cpu()) for each in (train, train_labels, test))
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=inverse_weight, max_iter=3000))
    return torch.from_numpy(probe.fit(rows, labels).predict(queries))
