"""Numbers of a config, checked before anything is built."""

import pytest

from npid_mm.config.checks.numbers import ALLOWED, check_numbers
from npid_mm.engine.launch import build_runner
from tests.shipped import shipped_config
from tests.toy import DIGITS_CONFIG, ROOT


def test_recipes_have_allowed_numbers():
    for path in sorted((ROOT / 'configs/selfsup/npid').glob('*.py')):
        check_numbers(shipped_config(path))


@pytest.mark.parametrize(
    ('key', 'value', 'rule'),
    [
        ('train_dataloader.batch_size', 0, 'at least 1'),
        ('val_dataloader.batch_size', -4, 'at least 1'),
        ('test_cfg.reference.batch_size', 'many', 'a whole number'),
        ('train_dataloader.num_workers', -1, 'at least 0'),
        ('train_cfg.max_epochs', 0, 'at least 1'),
        ('train_cfg.max_epochs', 1.5, 'a whole number'),
        ('train_cfg.val_interval', 0, 'at least 1'),
        ('optim_wrapper.optimizer.lr', 0, '> 0'),
        ('optim_wrapper.optimizer.lr', float('nan'), '> 0'),
        ('optim_wrapper.optimizer.lr', 'high', '> 0'),
        ('optim_wrapper.optimizer.weight_decay', -1e-4, '>= 0'),
        ('optim_wrapper.accumulative_counts', True, 'a whole number'),
        ('default_hooks.logger.interval', 0, 'at least 1'),
        ('randomness.seed', -1, 'at least 0'),
    ],
)
def test_a_number_out_of_range_is_refused_before_the_model_is_built(key, value, rule):
    assert key in ALLOWED
    cfg = shipped_config(DIGITS_CONFIG)
    cfg.merge_from_dict({key: value, 'model.type': 'NotBuilt', 'work_dir': 'unused'})
    with pytest.raises(ValueError, match=f'^{key} must be {rule}, got {value!r}$'):
        build_runner(cfg)
