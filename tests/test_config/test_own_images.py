"""Configs for a user's images."""

from pathlib import Path

import pytest
from mmengine.config import Config

from npid_mm.config.own_images import ImageLists, own_images_config
from tests.toy import ROOT

CONFIGS = ROOT / 'configs/selfsup/npid'
FOLDER = CONFIGS / 'npid-exact_resnet18-w32_1xb64-coslr-60e_folder.py'
SGD = CONFIGS / 'npid-exact_resnet18-w24_1xb128-coslr-100e_cifar10-images.py'


def listed(count=1000, held_out=1, labeled=True):
    """Lists of images, which need not exist."""
    return ImageLists(Path('/images'), Path('/run'), count, held_out, labeled)


def completed(lists=None, path=FOLDER, **arguments):
    cfg = Config.fromfile(path)
    own_images_config(cfg, lists or listed(), 'work', **arguments)
    return cfg


def rate(cfg):
    return cfg.optim_wrapper.optimizer.lr


def test_all_loaders_read_the_lists():
    cfg = completed(seed=3, epochs=7)
    sets = [
        cfg.train_dataloader.dataset.dataset,
        cfg.test_cfg.reference.dataset,
        cfg.val_dataloader.dataset,
        cfg.test_dataloader.dataset,
    ]
    files = [f'/run/{name}.txt' for name in ('train', 'train', 'val', 'val')]
    assert [each.ann_file for each in sets] == files
    assert {(each.data_root, each.with_label) for each in sets} == {('/images', True)}
    assert (cfg.work_dir, cfg.randomness, cfg.train_cfg.max_epochs) == ('work', {'seed': 3}, 7)


def test_a_batch_of_the_recipe_keeps_rate_and_warmup():
    cfg = completed()
    assert (cfg.train_dataloader.batch_size, rate(cfg)) == (64, 1e-3)
    assert cfg.param_scheduler[0].end == 90  # of 900 steps


def test_few_images_get_a_smaller_batch_rate_and_warmup():
    cfg = completed(listed(64), epochs=10)
    assert cfg.train_dataloader.batch_size == 16 and rate(cfg) == pytest.approx(0.5e-3)
    assert cfg.param_scheduler[0].end == 4  # of 40 steps
    assert cfg.auto_scale_lr.base_batch_size == 16  # what the rate is for now


def test_sgd_scales_its_rate_with_the_batch():
    cfg = completed(path=SGD, options={'train_dataloader.batch_size': 256})
    assert rate(cfg) == pytest.approx(2 * rate(Config.fromfile(SGD)))


@pytest.mark.parametrize(
    ('options', 'expected'),
    [
        ({'optim_wrapper.optimizer.lr': 0.5}, 0.5),
        ({'auto_scale_lr.enable': True}, 1e-3),
        ({'lr': 1e-3}, 1e-3),  # a variable, which reading the config has applied
        ({'optim_wrapper.optimizer.weight_decay': 0.0}, 0.5e-3),
    ],
)
def test_a_given_rate_is_not_scaled(options, expected):
    assert rate(completed(listed(64), options=options)) == pytest.approx(expected)


def test_a_given_schedule_is_not_shortened():
    cfg = completed(epochs=1, options={'warmup_iters': 90})
    assert cfg.param_scheduler[0].end == 90


def test_there_is_no_validation_without_labels_or_held_out_images():
    loaders = ('val_dataloader', 'val_evaluator', 'val_cfg')
    tests = ('test_dataloader', 'test_evaluator', 'test_cfg')
    cfg = completed(listed(labeled=False))
    assert [cfg[name] for name in loaders] == [None] * 3 and all(cfg[name] for name in tests)
    cfg = completed(listed(held_out=0))
    assert [cfg[name] for name in (*loaders, *tests)] == [None] * 6
