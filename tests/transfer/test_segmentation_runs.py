"""Segmentation configs, trained and tested on scenes of digits in the layouts of their data."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from npid_mm.config.read_config import read_config
from npid_mm.datasets.layout_checks import LAYOUT_CHECKS
from npid_mm.engine.launch import build_runner
from npid_mm.suites.benchmark_config import BATCH
from npid_mm.suites.segmentation import SEGMENTATION
from tests.segmentation_layouts import write_cityscapes, write_voc2012aug
from tests.toy import ROOT
from tests.transfer.small import train
from tests.transfer.small_segmentation import CONFIGS, VOC12AUG, small_config, small_options

EVERYTHING_GROUND = 22.5  # mIoU (%) of the constant prediction of the ground
pytestmark = pytest.mark.slow


@pytest.fixture(scope='session')
def segmentation_data(digits, tmp_path_factory):
    """Folder of data sets: scenes of digits as VOC12aug and as Cityscapes."""
    root = tmp_path_factory.mktemp('segmentation')
    write_voc2012aug(digits, root, dict(train=40, aug=60, val=20))
    write_cityscapes(digits, root / 'cityscapes')
    return root


def test_layouts_pass_the_checks(segmentation_data):
    voc = LAYOUT_CHECKS['voc2012aug']()(segmentation_data / 'VOCdevkit/VOC2012')
    assert voc.problems == [] and voc.counts == dict(train=40, aug=60, val=20)
    cityscapes = LAYOUT_CHECKS['cityscapes']()(segmentation_data / 'cityscapes')
    assert cityscapes.problems == [] and cityscapes.counts == dict(train=8, val=4)


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_config_trains_from_the_checkpoint(path, segmentation_data, npid_checkpoint, tmp_path):
    """The whole backbone is loaded before the first step, the loss falls, mIoU is given."""
    cfg = small_config(path, segmentation_data, tmp_path, npid_checkpoint, steps=6)
    runner, watch = train(cfg)
    saved = torch.load(npid_checkpoint, weights_only=True)['state_dict']
    expected = {name: value for name, value in saved.items() if name.startswith('backbone.')}
    start = {name: value for name, value in watch.start.items() if name.startswith('backbone.')}
    assert start.keys() == expected.keys()
    assert all(torch.equal(start[name], value) for name, value in expected.items())
    assert len(watch.losses) == 6 and watch.losses[-1] < watch.losses[0]
    trained = dict(runner.model.named_parameters())
    for name, value in trained.items():  # nothing is frozen
        assert not torch.equal(value, watch.start[name]), name
    metrics = runner.test()
    assert all(0 <= metrics[name] <= 100 for name in ('aAcc', 'mIoU', 'mAcc'))
    torch.load(tmp_path / 'iter_6.pth', weights_only=True)


def test_voc12aug_learns_to_segment(segmentation_data, npid_checkpoint, tmp_path):
    """On 20 other scenes, 60 steps of 8 crops bring mIoU from 1.1 to 39.1 %.

    The ground and three digits occur and count; predicting the ground everywhere gives 22 %.
    """
    cfg = small_config(VOC12AUG, segmentation_data, tmp_path / 'untrained', 'random', steps=1)
    assert build_runner(cfg).test()['mIoU'] < EVERYTHING_GROUND
    cfg = small_config(VOC12AUG, segmentation_data, tmp_path, npid_checkpoint, steps=60, batch=8)
    cfg.optim_wrapper.optimizer.lr = 0.06
    runner, _ = train(cfg)
    last = runner.message_hub.log_scalars['val/mIoU'].current()
    assert last > EVERYTHING_GROUND + 8


def test_a_deep_stem_is_refused(segmentation_data, npid_checkpoint, tmp_path):
    """Upstream's ResNetV1c: the weights have no stem for it."""
    cfg = small_config(VOC12AUG, segmentation_data, tmp_path, npid_checkpoint, steps=1)
    cfg.model.backbone.type = 'ResNetV1c'
    with pytest.raises(ValueError, match=r'(?s)EncoderDecoder.*missing: stem\.0\.weight'):
        build_runner(cfg).train()


def test_another_depth_is_refused(segmentation_data, npid_checkpoint, tmp_path):
    cfg = small_config(VOC12AUG, segmentation_data, tmp_path, npid_checkpoint, steps=1)
    cfg.model.backbone.depth = 101
    with pytest.raises(ValueError, match=r'(?s)EncoderDecoder.*missing: layer3\.6\.conv1\.weight'):
        build_runner(cfg).train()


def test_without_a_checkpoint_it_does_not_start(segmentation_data, tmp_path):
    cfg = small_config(VOC12AUG, segmentation_data, tmp_path, None, steps=1)
    with pytest.raises(ValueError, match='pretrained must name the checkpoint'):
        build_runner(cfg).train()


def test_report_of_the_suite(benchmark, segmentation_data, npid_checkpoint, monkeypatch):
    """tools/benchmark.py trains, tests and reports."""
    (small, other) = SEGMENTATION.benchmarks
    cfg = read_config(ROOT / small.config)
    cfg.merge_from_dict(small_options(cfg, steps=2))
    cfg.dump('small.py')
    changed = replace(small, config=str(Path('small.py').absolute()))
    monkeypatch.setitem(
        benchmark.SUITES, 'segmentation', replace(SEGMENTATION, benchmarks=(changed, other))
    )
    arguments = ('--data-root', segmentation_data, '--work-dir', 'out', '--suite', 'segmentation')
    status, text = benchmark.run(
        npid_checkpoint, *arguments, '--only', small.name, '--cfg-options', f'{BATCH}=2'
    )
    assert status == 0, text
    report = json.loads(Path('out/report.json').read_text())
    metrics = json.loads(Path(f'out/{small.name}/metrics.json').read_text())
    (table,) = report['tables']
    assert table['ours'] == [metrics['mIoU'], None] and 0 < metrics['mIoU'] < 100
    ran = read_config(f'out/configs/{small.name}.py')
    assert ran.pretrained == str(npid_checkpoint) and ran.auto_scale_lr.enable
    state = torch.load(f'out/{small.name}/iter_2.pth', weights_only=True)
    rate = state['optimizer']['param_groups'][0]['initial_lr']
    assert rate == pytest.approx(0.01 * 2 / 16)
