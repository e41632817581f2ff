"""The suite of detection, against its configs and run by tools/benchmark.py."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from npid_mm.config.read_config import read_config
from npid_mm.suites.benchmark_config import BATCH
from npid_mm.suites.detection import DETECTION as SUITE
from npid_mm.suites.suite import Benchmark
from tests.toy import ROOT
from tests.transfer.small_detection import small_options

FIGURES = {
    'VOCDetectionMetric': {f'pascal_voc/{name}' for name in ('AP', 'AP50', 'AP75')},
    'CocoMetric': {
        f'coco/{kind}_mAP{threshold}'
        for kind in ('bbox', 'segm')
        for threshold in ('', '_50', '_75')
    },
}


@pytest.mark.parametrize('benchmark', SUITE.benchmarks, ids=lambda each: each.name)
def test_config_gives_what_the_tables_show(benchmark: Benchmark):
    cfg = read_config(ROOT / benchmark.config)
    shown = SUITE.metrics_of(benchmark)
    assert set(shown) == FIGURES[cfg.test_evaluator.type]
    assert benchmark.trained and cfg.pretrained is None
    train = cfg.train_dataloader.dataset
    for part in [*train.get('datasets', [train]), cfg.test_dataloader.dataset]:
        assert part.data_root == f'data/{benchmark.data.folder}/'
    # the check covers the years that are used for training
    if 'voc' in benchmark.name:
        lists = [part.ann_file for part in train.get('datasets', [train])]
        assert [name[:7] for name in lists] == [f'VOC{year}' for year in benchmark.data.years]


@pytest.mark.slow
def test_report(benchmark, detection_data, npid_checkpoint, monkeypatch):
    """Training, test and report from another data root, in percent.

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
    table = tables['COCO, Mask R-CNN R50-C4, 2x (%)']
    metrics = report['benchmarks']['coco-c4-2x']['metrics']
    expected = [
        100 * metrics[f'coco/{kind}_mAP{threshold}']
        for kind in ('bbox', 'segm')
        for threshold in ('', '_50', '_75')
    ]
    assert table['ours'] == pytest.approx(expected)
    trained = read_config('out/configs/voc07.py')
    assert trained.pretrained == str(npid_checkpoint) and trained.auto_scale_lr.enable
    state = torch.load('out/voc07/iter_1.pth', weights_only=True)
    assert state['optimizer']['param_groups'][0]['initial_lr'] == pytest.approx(0.008 * 2 / 16)
