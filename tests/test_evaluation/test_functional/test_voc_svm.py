"""The VOC07 protocol compared with scikit-learn, called as in MMSelfSup's tool."""

import json

import numpy as np
import pytest
import torch
from sklearn.model_selection import cross_val_score

from npid_mm.evaluation import (
    COSTS,
    linear_gram,
    normalize_features,
    voc_average_precision,
    voc_svm,
)

from .svm_problems import linear_svc, make_data


def test_equals_the_protocol_run_with_scikit_learn():
    """Cross-validated APs, the chosen cost, and the AP on the test set without rows of -1."""
    train, train_targets, test, test_targets = make_data()
    costs = (1.0, 10.0, 0.5**4, 0.5**7, 0.5**12)
    records = voc_svm(train, train_targets, test, test_targets, costs=costs)
    assert [record['column'] for record in records] == [0, 1, 2]
    for column, record in enumerate(records):
        labels = np.where(train_targets[:, column].numpy() == 1, 1, -1)
        cv_ap = [
            cross_val_score(
                linear_svc(cost), train.numpy(), labels, cv=3, scoring='average_precision'
            )
            for cost in costs
        ]
        np.testing.assert_allclose(record['cv_ap'], np.mean(cv_ap, axis=1), atol=1e-6)
        assert record['cost'] == costs[int(np.mean(cv_ap, axis=1).argmax())]
        svm = linear_svc(record['cost']).fit(train, labels)
        scores = torch.from_numpy(svm.decision_function(test))
        expected = voc_average_precision(scores, test_targets[:, column])
        assert record['test_ap'] == pytest.approx(float(expected), abs=1e-6)


def test_costs_are_those_of_the_protocol():
    assert COSTS[:3] == (1, 10, 100)
    assert (len(COSTS), COSTS[3], COSTS[-1]) == (19, 1 / 16, 2**-19)


def test_class_by_class_gives_the_records_of_all():
    """As a resumed run combines them, through a JSON file."""
    data, costs = make_data(), (1.0, 0.5**7)
    whole = voc_svm(*data, costs=costs)
    options = dict(gram=linear_gram(data[0]), costs=costs)
    parts = voc_svm(*data, columns=[2], **options) + voc_svm(*data, columns=[0, 1], **options)
    parts = sorted(json.loads(json.dumps(parts)), key=lambda record: record['column'])
    for one, other in zip(whole, parts, strict=True):
        assert one.keys() == other.keys()
        assert one['cost'] == other['cost']
        np.testing.assert_allclose(one['cv_ap'], other['cv_ap'], atol=1e-6)
        assert one['test_ap'] == pytest.approx(other['test_ap'], abs=1e-6)


def test_of_equally_good_costs_the_first_is_chosen():
    train = normalize_features(torch.eye(12).repeat(3, 1))
    targets = (torch.arange(36) % 12 < 4).int()[:, None]
    record = voc_svm(train, targets, train, targets, costs=(1.0, 100.0, 0.01))[0]
    assert record['cv_ap'] == [1.0, 1.0, 1.0]
    assert record['cost'] == 1.0


def test_two_runs_give_the_same_records():
    data, costs = make_data(), (100.0, 0.5**7)
    assert voc_svm(*data, costs=costs) == voc_svm(*data, costs=costs)


def test_normalizes_as_the_protocol():
    """A row of length 5, and a row of zeros."""
    found = normalize_features(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    expected = torch.tensor([[3.0, 4.0], [0.0, 0.0]], dtype=torch.float64) / (5 + 1e-5)
    torch.testing.assert_close(found, expected)


def test_invalid_arguments():
    train, train_targets, test, test_targets = make_data()

    def refused(message, **changed):
        data = dict(train=train, train_targets=train_targets, test=test, test_targets=test_targets)
        with pytest.raises(ValueError, match=message):
            voc_svm(**(data | changed))

    broken = train.clone()
    broken[7, 2] = torch.nan
    refused('train must be finite, but 1 of its 150 rows .* the first is row 7', train=broken)
    refused('test must be .* torch.float32: pass it through normalize_features', test=test.float())
    refused(
        r'train_targets must be .* each of the 150 rows of train, got \(149, 3\)',
        train_targets=train_targets[1:],
    )
    refused(
        r'test_targets must be 1 \(present\), .* got \[2\]',
        test_targets=test_targets.clone().fill_(2),
    )
    refused('same numbers .* got 40 and 39 features, 3 and 3 classes', test=test[:, 1:])
    refused('costs must be at least one number, all above 0', costs=(1.0, 0.0))
    refused('costs must be at least one number, all above 0', costs=())
    rare = train_targets.clamp(max=0)
    rare[:2, 1] = 1
    refused(
        'class 1 must have at least 3 positives .* got 2 and 148', train_targets=rare, columns=[1]
    )
    refused('class 0 has no positive in test_targets', test_targets=test_targets.clamp(max=0))
