"""Resolved configs against the values of the published recipes, in one table.

Sources: the paper (1805.01978), the authors' code, MMSelfSup 1.0.0 and, where its configs do not
train what they say, MMSelfSup 0.x and OpenSelfSup. Detection and segmentation are in
``tests/transfer``, as they need MMDetection and MMSegmentation.
"""

from fnmatch import fnmatch

import pytest
from mmengine.config import ConfigDict

from npid_mm.evaluation.functional.low_shot import SHOTS
from npid_mm.evaluation.functional.voc_svm import COSTS, FOLDS, POSITIVE_WEIGHT
from tests.shipped import shipped_config
from tests.test_configs.benchmark_pins import BENCHMARK_PINS
from tests.test_configs.pretraining_pins import PRETRAINING_PINS
from tests.toy import ROOT

CONFIGS = ROOT / 'configs'
LEAVES = [
    str(path.relative_to(CONFIGS).with_suffix(''))
    for folder in ('selfsup/npid', 'benchmarks/classification/[!_]*')
    for path in sorted(CONFIGS.glob(f'{folder}/*.py'))
] + ['selfsup/_base_/datasets/imagenet_per-image']
OURS = ('*_digits', '*_scattered-digits', '*_folder')  # recipes that follow no published one
PINS = PRETRAINING_PINS | BENCHMARK_PINS


def lookup(cfg: ConfigDict, key: str) -> object:
    """Return the value at a dotted key, or None where a part is absent."""
    for part in key.split('.'):
        cfg = cfg.get(part) if cfg is not None else None
    return cfg


@pytest.mark.parametrize('name', LEAVES)
def test_config_has_the_published_values(name):
    cfg = shipped_config(CONFIGS / f'{name}.py')
    for pattern, pins in PINS.items():
        if fnmatch(name, pattern):
            found = {key: lookup(cfg, key) for key in pins}
            assert found == pins, pattern


def test_every_pattern_matches():
    assert [each for each in PINS if not any(fnmatch(name, each) for name in LEAVES)] == []


def test_every_config_is_pinned_by_a_test():
    """A config of a new benchmark is named by a test of its own, or by a row of the table."""
    tests = ' '.join(path.read_text() for path in sorted((ROOT / 'tests').rglob('test_*.py')))
    for name in LEAVES:
        pinned = any(fnmatch(name, each) for each in (*PINS, *OURS))
        assert pinned or name.rpartition('/')[2] in tests, name


def test_costs_folds_and_weights_of_the_svms():
    """19 costs; three folds; positives count twice; k of the low-shot protocol."""
    costs = [1.0, 10.0, 100.0] + [0.5**power for power in range(4, 20)]
    assert sorted(COSTS) == sorted(costs) and len(costs) == 19
    assert FOLDS == 3 and POSITIVE_WEIGHT == 2.0
    assert SHOTS == (1, 2, 4, 8, 16, 32, 64, 96)
