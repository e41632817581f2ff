"""Accuracy of each layer, compared with MMPretrain's metric and by hand."""

import pytest
import torch
from mmengine.logging import MMLogger
from mmpretrain.evaluation import Accuracy

from npid_mm.evaluation.metrics import LayerAccuracy


def evaluate(scores, labels, batch=7, **arguments):
    """Metrics of scores (layers, n, C), which arrive in batches."""
    metric = LayerAccuracy(**arguments)
    samples = [
        dict(
            gt_label=torch.tensor([label]),
            layer_scores={f'feature{i + 1}': layer[row] for i, layer in enumerate(scores)},
        )
        for row, label in enumerate(labels)
    ]
    for start in range(0, len(samples), batch):
        metric.process(None, samples[start : start + batch])
    return metric.evaluate(len(samples))


def test_each_layer_is_mmpretrains_accuracy():
    scores, labels = torch.randn(3, 50, 10), torch.randint(10, (50,))
    scores[1, torch.arange(50), labels] += 1.5
    metrics = evaluate(scores, labels.tolist())
    for number, layer in enumerate(scores, start=1):
        # of probabilities, as it ignores scores below 0
        expected = Accuracy.calculate(layer.softmax(1), labels, topk=(1, 5))
        for k, (value,) in zip((1, 5), expected, strict=True):
            assert metrics[f'feature{number}/top{k}'] == pytest.approx(float(value))
    assert metrics['best/top1'] == metrics['feature2/top1'] > metrics['feature1/top1']
    assert metrics['best/top5'] == metrics['feature2/top5']


def test_the_log_names_the_layer_that_is_best_by_the_first_k(caplog, monkeypatch):
    """The first of equal layers."""
    logger = MMLogger.get_instance('layer_accuracy', log_level='INFO')
    monkeypatch.setattr(logger, 'handlers', [caplog.handler])
    scores = torch.tensor([[[3.0, 2, 1], [3, 2, 1]], [[2.0, 3, 1], [2, 1, 3]]])
    metrics = evaluate(scores, [0, 2], topk=(1, 2))
    assert metrics == {
        'feature1/top1': 50.0,
        'feature1/top2': 50.0,
        'feature2/top1': 50.0,
        'feature2/top2': 100.0,
        'best/top1': 50.0,
        'best/top2': 50.0,
    }
    scores[1, 0] = torch.tensor([3.0, 2, 1])
    metrics = evaluate(scores, [0, 2], topk=(1, 2))
    assert metrics['best/top1'] == metrics['feature2/top1'] == 100.0
    assert 'best layer: feature2 (top1 100.00, top2 100.00)' in caplog.text


def test_broken_scores_are_never_right():
    """Neither NaN nor equal scores."""
    for value in (float('nan'), 0.0):
        scores = torch.full((1, 10, 3), value)
        assert evaluate(scores, [0] * 10, topk=(1, 2))['feature1/top2'] == 0.0
    scores = torch.tensor([[[float('nan'), 5.0, 1.0]]])
    assert evaluate(scores, [1], topk=(1, 2)) == {
        'feature1/top1': 0.0,
        'feature1/top2': 100.0,
        'best/top1': 0.0,
        'best/top2': 100.0,
    }
