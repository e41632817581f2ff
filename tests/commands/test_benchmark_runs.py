"""tools/benchmark.py with real trainings and tests, on the digits."""

import json
import socket

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.registry import MODELS

from npid_mm.config.loaders import set_loader_defaults
from npid_mm.datasets.layout_checks import LAYOUT_CHECKS, LayoutCheck
from npid_mm.suites.suite import Benchmark, Column, Suite, Table
from tests.probes import LAYERS, POOLED, PREPROCESSOR, probe_config
from tests.toy import ROOT

pytestmark = pytest.mark.slow

KNN = ROOT / 'configs/benchmarks/classification/imagenet/knn_resnet50_in1k.py'
LR = 'optim_wrapper.optimizer.lr'
IMAGENET = LAYOUT_CHECKS['imagenet'](classes=10)


class Unchecked(LayoutCheck):
    """A data set that nothing is asked of."""

    folder = 'digits'

    def check(self, root, report):
        pass


DIGITS = Unchecked()


@pytest.fixture
def files(tmp_path, digits, imagenet):
    """Make a folder with data, configs and a checkpoint; the configs name ``data/``."""
    (tmp_path / 'elsewhere').mkdir()
    (tmp_path / 'elsewhere/imagenet').symlink_to(imagenet)
    (tmp_path / 'elsewhere/digits').symlink_to(digits)
    knn_config().dump(tmp_path / 'knn.py')
    for name, model in (('pooled', POOLED), ('layers', LAYERS)):
        cfg = probe_config('data/digits', tmp_path / 'unused', model, images=32)
        cfg.pop('work_dir')
        cfg.train_cfg.max_epochs = cfg.train_cfg.val_interval = 1
        cfg.val_dataloader.dataset.indices = cfg.test_dataloader.dataset.indices = 64
        cfg.train_dataloader.batch_size = 8  # of four GPUs
        cfg.auto_scale_lr = dict(base_batch_size=32)
        cfg.dump(tmp_path / f'{name}.py')
    init_default_scope('mmpretrain')
    state = MODELS.build(POOLED['backbone']).state_dict()
    torch.save({f'backbone.{key}': value for key, value in state.items()}, tmp_path / 'npid.pth')
    return tmp_path


def knn_config():
    """Return the config of the benchmark with a small network."""
    cfg = Config.fromfile(KNN)
    cfg.model.update(backbone=POOLED['backbone'], data_preprocessor=PREPROCESSOR)
    cfg.log_level = 'WARNING'
    for loader in (cfg.test_dataloader, cfg.test_cfg.reference):
        loader.update(num_workers=0, batch_size=20)
        set_loader_defaults(loader)
    return cfg


def suite(files, *benchmarks):
    tables = tuple(
        Table(name, tuple(Column(heading, name, metric) for heading, metric in columns.items()))
        for name, columns in (
            ('knn', {f'k={k}': f'knn/top1_k{k}' for k in (10, 20, 100, 200)}),
            ('semi', {f'top-{k}': f'accuracy/top{k}' for k in (1, 5)}),
            ('layers', {'Feature4': 'feature4/top1'}),
        )
        if name in [each.name for each in benchmarks]
    )
    return Suite(benchmarks, tables)


def test_knn_and_a_sweep_run(benchmark, files, monkeypatch):
    """With another data root, kNN equals that of a Runner, and the best of a sweep is tested."""
    grid = (f'{LR}=0.5,1e-30',)
    runs = suite(
        files,
        Benchmark('knn', str(files / 'knn.py'), IMAGENET),
        Benchmark('semi', str(files / 'pooled.py'), DIGITS, trained=True, grid=grid),
    )
    monkeypatch.setitem(benchmark.SUITES, 'classification', runs)
    arguments = (files / 'npid.pth', '--data-root', 'elsewhere', '--work-dir', 'out')
    status, text = benchmark.run(*arguments)
    assert status == 0, text
    report = json.loads((files / 'out/report.json').read_text())
    cfg = knn_config()
    for loader in (cfg.test_dataloader, cfg.test_cfg.reference):
        dataset = loader.dataset.get('dataset', loader.dataset)
        dataset.data_root = str(files / 'elsewhere/imagenet')
    cfg.update(work_dir=str(files / 'here'), load_from=str(files / 'npid.pth'))
    expected = Runner.from_cfg(cfg).test()
    assert report['benchmarks']['knn']['metrics'] == pytest.approx(expected)
    assert report['benchmarks']['knn']['images'] == dict(train=40, val=20)

    swept = json.loads((files / 'out/semi/sweep/sweep.json').read_text())
    assert swept['best'] == {LR: '0.5'}  # nothing is learned at 1e-30
    best = swept['cells'][0]['metrics']
    assert report['tables'][1]['ours'] == [best['accuracy/top1'], best['accuracy/top5']]
    assert report['benchmarks']['semi']['notes'] == [f'best: {LR}=0.5']
    # one GPU trains with the batch of four
    trained = Config.fromfile(files / f'out/semi/sweep/{LR}=0.5/semi.py')
    assert trained.train_dataloader.batch_size == 32 and trained.auto_scale_lr.enable
    state = torch.load(files / f'out/semi/sweep/{LR}=0.5/epoch_1.pth', weights_only=True)
    assert state['optimizer']['param_groups'][0]['lr'] == 0.5

    assert benchmark.run(*arguments)[1].count('finished before') == 2


def test_two_ranks_train_and_test(benchmark, files, monkeypatch):
    """An interrupted benchmark resumes with another number of ranks."""
    runs = suite(files, Benchmark('layers', str(files / 'layers.py'), DIGITS, trained=True))
    monkeypatch.setitem(benchmark.SUITES, 'classification', runs)
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        monkeypatch.setenv('PORT', str(listener.getsockname()[1]))
    arguments = (files / 'npid.pth', '--data-root', 'elsewhere', '--work-dir', 'out')
    status, text = benchmark.run(*arguments, '--gpus', 2)
    assert status == 0, text
    before = (files / 'out/report.json').read_text()
    trained = Config.fromfile(files / 'out/layers/layers.py')
    assert trained.launcher == 'pytorch' and trained.train_dataloader.batch_size == 16

    (files / 'out/layers/metrics.json').unlink()
    written = (files / 'out/layers/epoch_1.pth').stat().st_mtime_ns
    status, text = benchmark.run(*arguments)  # with one rank
    assert status == 0 and 'finished before' not in text, text
    assert (files / 'out/layers/epoch_1.pth').stat().st_mtime_ns == written
    assert json.loads((files / 'out/report.json').read_text()) == json.loads(before)
