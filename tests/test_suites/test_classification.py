"""The classification suite against its configs."""

import inspect

import pytest
from mmengine.config import Config

from npid_mm.config.checks.keys import check_keys
from npid_mm.engine.runners.knn_loop import KNNLoop
from npid_mm.suites.classification import CLASSIFICATION
from npid_mm.suites.suite import Benchmark
from npid_mm.suites.sweep import grid_cells, parse_axis
from tests.shipped import shipped_config
from tests.toy import ROOT

FEATURES = [f'feature{number}' for number in range(1, 6)]


def metrics_of(cfg: Config) -> set[str]:
    """Return the names of the metrics that the test of a config gives."""
    loop = cfg.test_cfg.get('type')
    if loop == 'SVMTestLoop':
        return {f'{name}/mAP' for name in (*FEATURES, 'best')}
    if loop == 'LowShotSVMTestLoop':
        return {f'{name}/k{k}' for name in (*FEATURES, 'best') for k in cfg.test_cfg.shots}
    if loop == 'KNNTestLoop':
        default = inspect.signature(KNNLoop).parameters['k'].default
        return {f'knn/top1_k{k}' for k in cfg.test_cfg.get('k', default)}
    evaluator = cfg.test_evaluator
    names = dict(Accuracy=['accuracy'], LayerAccuracy=[*FEATURES, 'best'])[evaluator.type]
    return {f'{name}/top{k}' for name in names for k in evaluator.topk}


@pytest.mark.parametrize('benchmark', CLASSIFICATION.benchmarks, ids=lambda each: each.name)
def test_config_gives_what_the_tables_show(benchmark: Benchmark):
    cfg = shipped_config(ROOT / benchmark.config)
    shown = CLASSIFICATION.metrics_of(benchmark)
    assert shown and set(shown) <= metrics_of(cfg)
    assert benchmark.trained == bool(cfg.get('train_dataloader'))
    roots = {f'data/{benchmark.data.folder}'}
    loaders = [cfg.test_dataloader, cfg.test_cfg.get('reference'), cfg.get('train_dataloader')]
    datasets = [loader.dataset for loader in loaders if loader]
    assert {each.get('dataset', each).data_root for each in datasets} == roots
    if benchmark.trained:
        assert cfg.model.checkpoint is None and cfg.auto_scale_lr.base_batch_size == 256
        # the lists that it trains on are among those that are checked
        if hasattr(benchmark.data, 'lists'):
            name = cfg.train_dataloader.dataset.dataset.ann_file
            assert name.removeprefix('meta/').removesuffix('.txt') in benchmark.data.lists


def test_grid_is_the_published_one():
    """Lr 0.1, 0.01, 0.001 with 1, 10, 100 times that for the head: 9 settings per share."""
    swept = [each for each in CLASSIFICATION.benchmarks if each.grid]
    assert [each.name for each in swept] == ['imagenet-1pct', 'imagenet-10pct']
    for benchmark in swept:
        axes = [parse_axis(text) for text in benchmark.grid]
        check_keys(shipped_config(ROOT / benchmark.config), dict(axes))
        cells = {tuple(map(float, cell.values())) for cell in grid_cells(axes)}
        assert cells == {(lr, mult) for lr in (0.1, 0.01, 0.001) for mult in (1, 10, 100)}
