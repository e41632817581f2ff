"""The linear probe compared with scikit-learn."""

import pytest
import torch
from sklearn.linear_model import LogisticRegression

from npid_mm.evaluation import linear_probe

from .svm_problems import make_data


def test_accuracy_is_that_of_a_logistic_regression_on_standardized_features():
    train, train_targets, test, test_targets = make_data()
    labels, truth = (each[:, 0] == 1 for each in (train_targets, test_targets))
    mean, std = train.mean(0), train.std(0, unbiased=False)
    peer = LogisticRegression(C=0.1, max_iter=3000).fit((train - mean) / std, labels)
    found = linear_probe(train, labels, test, truth, inverse_weight=0.1)
    assert 0.7 < found < 1 and found == pytest.approx(peer.score((test - mean) / std, truth))


def test_invalid_arguments():
    rows, labels = torch.randn(4, 2), torch.tensor([3, 3, 3, 3])
    with pytest.raises(ValueError, match=r'at least two classes, train_labels holds \[3\]'):
        linear_probe(rows, labels, rows, labels)
    with pytest.raises(ValueError, match='inverse_weight must be > 0, got 0'):
        linear_probe(rows, labels, rows, labels, inverse_weight=0)
