"""Old names in configs build the renamed classes, with one warning."""

import importlib
import sys
import types
import warnings

import pytest
import torch
from mmengine.fileio import get_file_backend
from mmengine.registry import MODEL_WRAPPERS
from mmpretrain.registry import HOOKS

from npid_mm.deprecated_names import CLASSES, FILE_BACKENDS
from npid_mm.engine import (
    AtomicCheckpointHook,
    AtomicFileBackend,
    StepSeedHook,
    WeightsOnlyCheckpointHook,
)
from npid_mm.engine.distributed import CPUDistributedDataParallel


@pytest.fixture
def process_group(tmp_path):
    """A process group of one process."""
    meet = f'file://{tmp_path}/meet'
    torch.distributed.init_process_group('gloo', init_method=meet, rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


def build_hook(name):
    return HOOKS.build(dict(type=f'mmpretrain.{name}'))


def build_wrapper(name):
    return MODEL_WRAPPERS.build(dict(type=name, module=torch.nn.Linear(2, 2)))


def build_backend(name):
    return get_file_backend(backend_args=dict(backend=name))


RENAMED = [
    ('WholeCheckpointHook', 'AtomicCheckpointHook', AtomicCheckpointHook, build_hook),
    ('SafeCheckpointHook', 'WeightsOnlyCheckpointHook', WeightsOnlyCheckpointHook, build_hook),
    ('SeedStepHook', 'StepSeedHook', StepSeedHook, build_hook),
    ('CPURanks', 'CPUDistributedDataParallel', CPUDistributedDataParallel, build_wrapper),
    ('whole_file', 'atomic', AtomicFileBackend, build_backend),
]


@pytest.mark.parametrize(
    ('old', 'new', 'target', 'build'), RENAMED, ids=[each[0] for each in RENAMED]
)
def test_an_old_name_builds_the_class_and_warns_once(old, new, target, build, process_group):
    assert isinstance(build(new), target)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        first, second = build(old), build(old)
    assert isinstance(first, target) and isinstance(second, target)
    (warning,) = (each for each in caught if issubclass(each.category, FutureWarning))
    assert f'{old!r} is deprecated' in str(warning.message)
    assert f'use {new!r}' in str(warning.message)


def test_every_old_name_is_tested():
    names = [old for _, old, _ in CLASSES] + [old for old, _, _ in FILE_BACKENDS]
    assert sorted(names) == sorted(each[0] for each in RENAMED)


def test_the_old_module_of_the_detection_metric_warns(monkeypatch):
    """With a stand-in for the metric, which needs MMDetection."""
    name = 'npid_mm.evaluation.metrics.voc_detection_metric'
    stand_in = types.SimpleNamespace(VOCDetectionMetric=object())
    monkeypatch.setitem(sys.modules, name, stand_in)
    monkeypatch.delitem(sys.modules, 'npid_mm.detection', raising=False)
    with pytest.warns(FutureWarning, match=f'npid_mm.detection is deprecated: write .*{name}'):
        module = importlib.import_module('npid_mm.detection')
    assert module.VOCDetectionMetric is stand_in.VOCDetectionMetric
