"""VOC's average precision against the definition, point by point."""

import pytest
import torch
from sklearn.metrics import average_precision_score, precision_recall_curve

from npid_mm.evaluation import voc_average_precision


def by_thresholds(scores, targets):
    """The area from every threshold's precision and recall, one loop inside the other."""
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
    """Without ties, with many, and with nothing but one tie; -1 is left out."""
    scores = torch.randn(200, 3, dtype=torch.float64)
    if levels:
        scores = scores.mul(levels).round().remainder(levels)
    targets = torch.randint(-1, 2, (200,))
    expected = [by_thresholds(column, targets) for column in scores.T]
    found = voc_average_precision(scores, targets)
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64))
    torch.testing.assert_close(voc_average_precision(scores[:, 0], targets), found[0])


def test_is_scikit_learns_after_raising_the_precisions():
    """scikit-learn's curve gives the same area once raised, and a smaller one as it is."""
    scores, targets = torch.randn(300), torch.randint(0, 2, (300,))
    precision, recall, _ = precision_recall_curve(targets, scores)
    raised = torch.tensor(precision.copy()).cummax(0).values
    area = -(torch.tensor(recall.copy()).diff() * raised[:-1]).sum()
    found = voc_average_precision(scores, targets)
    torch.testing.assert_close(found, area)
    assert found > average_precision_score(targets, scores)


def test_known_curve():
    """Hits at ranks 2 and 3 of 4: both precisions are raised to 2/3."""
    scores = torch.tensor([4.0, 3.0, 2.0, 1.0])
    assert voc_average_precision(scores, torch.tensor([0, 1, 1, 0])).item() == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    'scores, targets, message',
    [
        (torch.zeros(3), torch.zeros(2), r'of the same N, got \(3,\) and \(2,\)'),
        (torch.zeros(2), torch.tensor([1, 2]), r'or -1 \(left out\), got \[2\]'),
        (torch.tensor([0.0, torch.nan]), torch.tensor([1, 0]), 'scores must be numbers, got 1 NaN'),
        (torch.zeros(2), torch.tensor([0, -1]), 'at least one 1, got none in 2 rows'),
    ],
)
def test_refuses_what_has_no_curve(scores, targets, message):
    with pytest.raises(ValueError, match=message):
        voc_average_precision(scores, targets)
