"""VOC's average precision compared with its definition, point by point."""

import pytest
import torch
from sklearn.metrics import average_precision_score, precision_recall_curve

from npid_mm.evaluation import voc_average_precision


def by_thresholds(scores, targets):
    """Area under the raised precisions at every threshold, in plain loops."""
    kept = [(float(s), int(t)) for s, t in zip(scores, targets, strict=True) if t != -1]
    positives = sum(t for _, t in kept)
    curve = []
    for threshold in sorted({s for s, _ in kept}, reverse=True):
        taken = [t for s, t in kept if s >= threshold]
        curve.append((sum(taken) / positives, sum(taken) / len(taken)))
    area, before = 0.0, 0.0
    for recall, _ in curve:
        area += (recall - before) * max(p for r, p in curve if r >= recall)
        before = recall
    return area


@pytest.mark.parametrize('levels', [None, 7, 1])
def test_equals_the_area_under_the_raised_curve(levels):
    """Without ties, with many ties, and with equal scores only; rows of -1 are left out."""
    scores = torch.randn(200, 3, dtype=torch.float64)
    if levels:
        scores = scores.mul(levels).round().remainder(levels)
    targets = torch.randint(-1, 2, (200,))
    expected = [by_thresholds(column, targets) for column in scores.T]
    found = voc_average_precision(scores, targets)
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64))
    torch.testing.assert_close(voc_average_precision(scores[:, 0], targets), found[0])


def test_equals_scikit_learn_after_raising_the_precisions():
    """scikit-learn's curve has the same area once its precisions are raised."""
    scores, targets = torch.randn(300), torch.randint(0, 2, (300,))
    precision, recall, _ = precision_recall_curve(targets, scores)
    raised = torch.tensor(precision.copy()).cummax(0).values
    area = -(torch.tensor(recall.copy()).diff() * raised[:-1]).sum()
    found = voc_average_precision(scores, targets)
    torch.testing.assert_close(found, area)
    assert found > average_precision_score(targets, scores)


@pytest.mark.parametrize(
    'scores, targets, message',
    [
        (torch.zeros(3), torch.zeros(2), r'of the same N, got \(3,\) and \(2,\)'),
        (torch.zeros(2), torch.tensor([1, 2]), r'or -1 \(left out\), got \[2\]'),
        (torch.tensor([0.0, torch.nan]), torch.tensor([1, 0]), 'scores must be numbers, got 1 NaN'),
        (torch.zeros(2), torch.tensor([0, -1]), 'at least one 1, got none in 2 rows'),
    ],
)
def test_invalid_arguments(scores, targets, message):
    with pytest.raises(ValueError, match=message):
        voc_average_precision(scores, targets)
