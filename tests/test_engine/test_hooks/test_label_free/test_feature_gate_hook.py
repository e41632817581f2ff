"""The gate of features: what counts as worse, its bank, and a run that it ends."""

import math

import pytest
from mmengine.runner import Runner

import npid_mm
from npid_mm.engine.hooks.label_free.feature_gate_hook import (
    FeatureGateHook,
    WorseFeaturesError,
    worse_figures,
)
from tests.toy import digits_config


def test_a_share_is_worse_by_two_standard_errors():
    count, before = 400, 0.8
    for after, expected in ((0.9, []), (0.8, []), (0.75, []), (0.73, ['knn'])):
        error = math.sqrt((0.8 * 0.2 + after * (1 - after)) / count)
        assert (before - after > 2 * error) == bool(expected)
        assert worse_figures({'knn': [before, count]}, {'knn': [after, count]}) == expected
    start = {'own_row': [0.5, 100], 'rankme': [20.0, 0]}
    assert worse_figures(start, {'own_row': [0.5, 100], 'rankme': [10.0, 0]}) == []
    assert worse_figures(start, {'own_row': [0.1, 100], 'rankme': [9.9, 0]}) == [
        'own_row',
        'rankme',
    ]


def test_wrong_settings_are_refused():
    with pytest.raises(ValueError, match='patience must be at least 1, got 0'):
        FeatureGateHook(patience=0)


@pytest.mark.slow
def test_a_random_bank_is_refused(digits, tmp_path):
    cfg = digits_config(digits, tmp_path)
    cfg.custom_hooks = [dict(type='FeatureGateHook')]
    with pytest.raises(ValueError, match="set model.memory_bank.init='features', got .* random"):
        Runner.from_cfg(cfg).train()


@pytest.mark.slow
@pytest.mark.parametrize('labels', [True, False])
def test_an_absurd_learning_rate_ends_the_training(digits, tmp_path, labels):
    images = sorted((digits / 'train').rglob('*.png'))[::28][:60]
    listed = tmp_path / 'images.txt'
    listed.write_text(''.join(f'{path} {path.parent.name}\n' for path in images))
    options = dict(batch_size=20, workers=0, image_size=16, labels=labels, stop_if_worse=True)
    message = r'worse than .*rankme .* lower optim_wrapper.optimizer.lr .* after 3 such epochs'
    with pytest.raises(WorseFeaturesError, match=message):
        npid_mm.pretrain(listed, tmp_path / 'run', 'resnet18-w16', 8, lr=1.0, **options)
    (log,) = (tmp_path / 'run').glob('*/*.log')
    name = 'knn' if labels else 'own_row'
    assert f'features at the start: {name} ' in log.read_text()
    assert 'WARNING - the features are worse than before the first step' in log.read_text()
