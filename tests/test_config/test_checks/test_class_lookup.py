"""Classes that a config names, and their arguments."""

from mmengine.hooks import IterTimerHook

from npid_mm.config.checks.class_lookup import (
    arguments_of,
    registered_classes,
    registered_names,
)
from npid_mm.datasets import InstanceDataset, LoadRandomResizedCrop


def test_a_class_that_passes_arguments_on_takes_any():
    names, others = arguments_of(LoadRandomResizedCrop)
    assert 'crop_ratio_range' in names and others
    assert arguments_of(InstanceDataset) == ({'dataset', 'max_unreadable', 'fraction'}, False)


def test_a_class_is_found_in_its_scope_and_in_the_root():
    for name, scope in (('InstanceDataset', 'mmpretrain'), ('mmpretrain.InstanceDataset', 'x')):
        assert registered_classes(name, scope) == {InstanceDataset}
    assert registered_classes('IterTimerHook', 'mmpretrain') == {IterTimerHook}
    assert registered_classes('InstanceDataset', 'mmengine') == set()
    assert {'InstanceDataset', 'IterTimerHook'} <= registered_names()
