"""Types that a config names, and the arguments of their classes."""

import pytest

from npid_mm.config.checks.class_arguments import check_types
from tests.shipped import shipped_config
from tests.toy import DIGITS_CONFIG, ROOT

RECIPES = [*(ROOT / 'configs/selfsup').glob('*/*.py'), *(ROOT / 'configs').glob('*/*/*/*.py')]
# those of MMDetection and MMSegmentation are tested in tests/transfer/
OWN = [path for path in RECIPES if '_base_' not in path.parts and 'mm' not in path.parts[-3]]


@pytest.mark.parametrize('path', OWN, ids=lambda path: path.stem)
def test_recipes_pass(path):
    check_types(shipped_config(path))


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(model=dict(type='NPIT')), "model.type .* 'NPIT'; did you mean NPID"),
        (
            dict(model=dict(backbone=dict(norm_cfg=dict(type='ResNett')))),
            "model.backbone.norm_cfg.type must be registered, got 'ResNett'; did you mean ResNet",
        ),
        (dict(model=dict(backbone=dict(dept=18))), "no argument 'dept'; did you mean depth"),
        (dict(custom_hooks=[dict(type='Mine')]), "custom_hooks.0.type .* 'Mine'; custom_imports"),
        (dict(default_hooks=dict(mine=dict(type='Mine'))), "default_hooks.mine.type .* 'Mine'"),
        (dict(model=dict(head=dict(temprature=1))), "no argument 'temprature'; did you mean temp"),
        (dict(model=dict(head=dict(zzz=1))), "model.head.zzz: .* no argument 'zzz'; it has .*temp"),
        (dict(test_cfg=dict(reference=dict(dataset=dict(type='Custom')))), "dataset.type .*'Cust"),
    ],
)
def test_unknown_types_and_arguments_are_refused(change, message):
    cfg = shipped_config(DIGITS_CONFIG)
    cfg.merge_from_dict(change)
    with pytest.raises(ValueError, match=message):
        check_types(cfg)


@pytest.mark.parametrize(
    'change',
    [
        dict(model=dict(head=dict(temperature=1))),
        dict(custom_hooks=[dict(type='EMAHook', priority=3)]),
        dict(custom_hooks=[dict(type='mmengine.EMAHook')]),
        dict(model=dict(backbone=dict(norm_cfg=dict(type='of another meaning')))),
        dict(colors=dict(type='NPIT')),  # a variable of the config
    ],
)
def test_known_types_and_those_with_another_meaning_pass(change):
    cfg = shipped_config(DIGITS_CONFIG)
    cfg.merge_from_dict(change)
    check_types(cfg)
