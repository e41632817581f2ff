"""Features, targets and scikit-learn's SVM, for the tests of the VOC07 protocols."""

import torch
from sklearn.svm import LinearSVC
from torch import Tensor

from npid_mm.evaluation import normalize_features

CLASSES = 3


def make_data(lengths: tuple[int, int] = (150, 90), columns: int = 40) -> tuple[Tensor, ...]:
    """Features of weak classes, and targets of which a few are -1, for training and test."""
    present = torch.rand(sum(lengths), CLASSES) < 0.25
    features = torch.randn(sum(lengths), columns)
    features[:, :CLASSES] += 1.2 * present
    targets = present.int()
    targets[(torch.rand(targets.shape) < 0.05) & ~present] = -1
    features = normalize_features(features.add_(0.5).relu_())
    (train, test), (train_targets, test_targets) = (
        each.split(lengths) for each in (features, targets)
    )
    return train, train_targets, test, test_targets


def linear_svc(cost: float) -> LinearSVC:
    """The protocol's SVM, run until it no longer moves."""
    return LinearSVC(
        C=cost, class_weight={1: 2, -1: 1}, dual=True, tol=1e-10, max_iter=1_000_000, random_state=0
    )
