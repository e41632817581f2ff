"""Metrics that a validation logs, predicted from the config."""

import pytest
from mmengine.config import Config

from npid_mm.config.checks.metric_names import check_metric
from tests.shipped import shipped_config
from tests.toy import DIGITS_CONFIG, ROOT

LINEAR = 'configs/benchmarks/classification/imagenet/resnet50_{}-steplr-{}e_in1k.py'


@pytest.fixture(scope='module')
def pretraining():
    return shipped_config(DIGITS_CONFIG)


def test_a_pretraining_logs_its_knn_accuracy(pretraining):
    assert check_metric(pretraining) == 'knn/top1_k5'
    assert check_metric(pretraining, 'knn/top1_k200') == 'knn/top1_k200'
    message = r'logs \(knn/top1_k5, .*, knn/top1_k200\), got accuracy/top1'
    with pytest.raises(ValueError, match=message):
        check_metric(pretraining, 'accuracy/top1')


@pytest.mark.parametrize(
    ('config', 'metric', 'others'),
    [
        (LINEAR.format('linear-8xb32', 100), 'accuracy/top1', ['accuracy/top5']),
        (LINEAR.format('mhead_linear-8xb32', 90), 'best/top1', ['feature3/top5', 'best/top5']),
    ],
)
def test_probes_log_their_accuracies(config, metric, others):
    cfg = shipped_config(ROOT / config)
    assert check_metric(cfg) == metric
    for other in others:
        assert check_metric(cfg, other) == other
    with pytest.raises(ValueError, match=r'got knn/top1_k10$'):
        check_metric(cfg, 'knn/top1_k10')


def test_other_metrics_are_known_by_their_prefix(pretraining):
    cfg = Config(pretraining.to_dict())
    cfg.val_evaluator = [dict(type='SingleLabelMetric')]
    assert check_metric(cfg, 'single-label/recall') == 'single-label/recall'
    with pytest.raises(ValueError, match=r'logs \(single-label/\*\), got accuracy/top1'):
        check_metric(cfg, 'accuracy/top1')


def test_a_training_without_validation_is_refused(pretraining):
    cfg = Config(pretraining.to_dict())
    cfg.val_dataloader = cfg.val_evaluator = cfg.val_cfg = None
    with pytest.raises(ValueError, match='--metric needs a validation, and the config has none'):
        check_metric(cfg)
