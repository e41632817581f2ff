"""The suite of detection: against the configs that it names, and run by tools/benchmark.py."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from npid_mm.config.reading import read_config
from npid_mm.suites.benchmark_config import BATCH
from npid_mm.suites.detection import DETECTION as SUITE
from npid_mm.suites.published import SOURCES
from npid_mm.suites.suite import Benchmark
from tests.toy import ROOT
from tests.transfer.small_detection import CONFIGS, small_options

FIGURES = {
    'VOCDetectionMetric': {f'pascal_voc/{name}' for name in ('AP', 'AP50', 'AP75')},
    'CocoMetric': {
        f'coco/{kind}_mAP{threshold}'
        for kind in ('bbox', 'segm')
        for threshold in ('', '_50', '_75')
    },
}


def test_every_config_is_in_the_suite():
    assert sorted(ROOT / each.config for each in SUITE.benchmarks) == CONFIGS


@pytest.mark.parametrize('benchmark', SUITE.benchmarks, ids=lambda each: each.name)
def test_config_gives_what_the_tables_show(benchmark: Benchmark):
    cfg = read_config(ROOT / benchmark.config)
    shown = SUITE.metrics_of(benchmark)
    assert set(shown) == FIGURES[cfg.test_evaluator.type]
    assert benchmark.trained and cfg.pretrained is None
    train = cfg.train_dataloader.dataset
    for part in [*train.get('datasets', [train]), cfg.test_dataloader.dataset]:
        assert part.data_root == f'data/{benchmark.data.folder}/'
    # the years that are checked are those that are trained on
    years = getattr(benchmark.data.check, 'keywords', {}).get('years', (2007, 2012))
    if 'voc' in benchmark.name:
        lists = [part.ann_file for part in train.get('datasets', [train])]
        assert [name[:7] for name in lists] == [f'VOC{year}' for year in years]


def test_tables_show_every_benchmark_and_published_figure():
    shown = {column.benchmark for table in SUITE.tables for column in table.columns}
    assert shown == {each.name for each in SUITE.benchmarks}
    for table in SUITE.tables:
        headings = {column.heading for column in table.columns}
        for source, figures in table.published.items():
            assert source in SOURCES and set(figures) <= headings
            assert all(0 < figure < 100 for figure in figures.values())


def test_docs_name_every_config_and_benchmark():
    text = (ROOT / 'docs/detection.md').read_text()
    for each in SUITE.benchmarks:
        assert f'`{each.name}`' in text and Path(each.config).name in text


def test_report(benchmark, detection_data, npid_checkpoint, monkeypatch):
    """Training, test and report from another data root; figures in percent beside published ones.

    VOC's metric gives percent, COCO's gives fractions.
    """
    chosen = [each for each in SUITE.benchmarks if each.name in ('voc07', 'coco-c4-2x')]
    changed = {}
    for each in chosen:
        cfg = read_config(ROOT / each.config)
        cfg.merge_from_dict(small_options(cfg, length=1))
        cfg.dump(f'{each.name}.py')
        changed[each.name] = replace(each, config=str(Path(f'{each.name}.py').absolute()))
    small = replace(SUITE, benchmarks=tuple(changed.get(b.name, b) for b in SUITE.benchmarks))
    monkeypatch.setitem(benchmark.SUITES, 'detection', small)
    arguments = ['--suite', 'detection', '--data-root', detection_data, '--work-dir', 'out']
    arguments += ['--only', *changed, '--cfg-options', f'{BATCH}=2']
    status, text = benchmark.run(npid_checkpoint, *arguments)
    assert status == 0, text

    report = json.loads(Path('out/report.json').read_text())
    states = {name: each['state'] for name, each in report['benchmarks'].items()}
    assert {name for name, state in states.items() if state == 'finished'} == set(changed)
    assert set(states.values()) == {'finished', 'not run'}
    tables = {table['title']: table for table in report['tables']}
    table = tables['VOC07 to VOC07 test, lower half fixed, Faster R-CNN R50-C4 (%)']
    metrics = report['benchmarks']['voc07']['metrics']
    assert table['ours'] == [metrics[f'pascal_voc/{each}'] for each in ('AP', 'AP50', 'AP75')]
    assert table['published'] == {'paper': [None, 65.4, None]}
    table = tables['COCO, Mask R-CNN R50-C4, 2x (%)']
    metrics = report['benchmarks']['coco-c4-2x']['metrics']
    expected = [
        100 * metrics[f'coco/{kind}_mAP{threshold}']
        for kind in ('bbox', 'segm')
        for threshold in ('', '_50', '_75')
    ]
    assert table['ours'] == pytest.approx(expected)
    assert table['published']['OpenSelfSup, detectron2'] == [39.4, 59.0, 42.8, 34.5, 55.9, 36.6]
    trained = read_config('out/configs/voc07.py')
    assert trained.pretrained == str(npid_checkpoint) and trained.auto_scale_lr.enable
    state = torch.load('out/voc07/iter_1.pth', weights_only=True)
    assert state['optimizer']['param_groups'][0]['initial_lr'] == pytest.approx(0.008 * 2 / 16)
