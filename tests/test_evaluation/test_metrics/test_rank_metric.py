"""The base of top-k metrics, and values of k above the number of classes."""

import pytest
from mmengine.evaluator import Evaluator
from mmpretrain.evaluation import Accuracy

from npid_mm.evaluation.metrics import KNNAccuracy, LayerAccuracy, fit_topk


@pytest.mark.parametrize(
    ('topk', 'message'),
    [
        (0, 'topk must be at least 1, got 0'),
        ((), r'topk must name at least 1 number, got \(\)'),
        ((1, -1), r'topk must be at least 1, got'),
    ],
)
def test_wrong_topk_is_refused(topk, message):
    with pytest.raises(ValueError, match=message):
        LayerAccuracy(topk=topk)


def test_topk_above_all_classes_is_refused():
    evaluator = Evaluator([Accuracy(topk=5), KNNAccuracy(topk=(1, 5))])
    message = (
        r'topk of Accuracy must have a number in 1\.\.4, the number of classes \(head\), got \(5,\)'
    )
    with pytest.raises(ValueError, match=message):
        fit_topk(evaluator, 4, 'head')
    fit_topk(evaluator, 5, 'head')
    assert [metric.topk for metric in evaluator.metrics] == [(5,), (1, 5)]
