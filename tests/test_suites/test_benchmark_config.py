"""Configs of benchmarks, adapted to options, data folders and a checkpoint."""

from pathlib import Path

import pytest
from mmengine.config import Config

from npid_mm.suites.benchmark_config import local_config, read_configs, start_from


@pytest.fixture
def files(tmp_path):
    """Configs of a training, of a test and of another test."""
    texts = dict(
        trained=(
            'train_cfg = dict(epochs=90)\ntest_cfg = dict()\ntrain_dataloader = dict(num_workers=8)'
        ),
        knn='train_cfg = None\ntest_cfg = dict(k=(10, 20))\ntrain_dataloader = dict(num_workers=8)',
        svm='train_cfg = None\ntest_cfg = dict(select="held_out")\ntrain_dataloader = dict()',
    )
    for name, text in texts.items():
        (tmp_path / f'{name}.py').write_text(text)
    return {name: tmp_path / f'{name}.py' for name in texts}


@pytest.mark.parametrize(
    ('key', 'reached'),
    [
        ('train_cfg.epochs', ['trained']),
        ('test_cfg.select', ['svm']),  # kNN loops do not take it
        ('train_dataloader.num_workers', ['trained', 'knn']),
        ('train_cfg.val_interval', ['trained']),
        ('train_dataloader.pin_memory', ['trained', 'knn', 'svm']),
        ('load_from', ['trained', 'knn', 'svm']),
    ],
)
def test_option_reaches_the_configs_it_applies_to(files, key, reached):
    plain = read_configs(files, {})
    merged = read_configs(files, {key: 3})
    assert [name for name in files if merged[name].to_dict() != plain[name].to_dict()] == reached
    for name in reached:
        place = merged[name]
        for part in key.split('.'):
            place = place[part]
        assert place == 3


@pytest.mark.parametrize('key', ['optim_wrapper.lr', 'train_cfg.epochs.x'])
def test_option_for_no_config_is_refused(files, key):
    with pytest.raises(ValueError, match=f'no config of the suite has a place for {key}'):
        read_configs(files, {key: 1})


def test_data_roots_move_together(tmp_path):
    """All below data/, also inside lists; the config itself does not change."""
    cfg = Config(
        dict(
            data_root='data/imagenet',
            loader=dict(dataset=dict(dataset=dict(data_root='data/imagenet'))),
            parts=[dict(data_root='data/VOCdevkit/VOC2007'), dict(data_root='other/data')],
            test=dict(data_root=None, ann_file='meta/val.txt'),
            metric=dict(ann_file='data/coco/annotations/val.json'),
        )
    )
    moved = local_config(cfg, Path('/disk'))
    assert moved.data_root == moved.loader.dataset.dataset.data_root == '/disk/imagenet'
    assert [part.data_root for part in moved.parts] == ['/disk/VOCdevkit/VOC2007', 'other/data']
    assert moved.test == dict(data_root=None, ann_file='meta/val.txt')
    assert moved.metric.ann_file == '/disk/coco/annotations/val.json'
    assert cfg.data_root == cfg.loader.dataset.dataset.data_root == 'data/imagenet'


@pytest.mark.parametrize(('ranks', 'batch'), [(1, 256), (8, 32), (4, 64), (3, 85), (None, 7)])
def test_batch_of_all_ranks_stays(ranks, batch):
    cfg = Config(
        dict(
            model=dict(checkpoint=None),
            train_dataloader=dict(batch_size=7),
            auto_scale_lr=dict(base_batch_size=256),
        )
    )
    start_from(cfg, Path('npid.pth'), ranks)
    assert cfg.model.checkpoint == 'npid.pth'
    assert cfg.train_dataloader.batch_size == batch
    assert cfg.auto_scale_lr.enable


def test_detector_starts_from_its_key_pretrained():
    """Its model has a backbone, and no key for a checkpoint."""
    cfg = Config(
        dict(
            pretrained=None,
            model=dict(backbone=dict()),
            train_dataloader=dict(batch_size=2),
            auto_scale_lr=dict(enable=False, base_batch_size=16),
        )
    )
    start_from(cfg, Path('npid.pth'), 4)
    assert cfg.pretrained == 'npid.pth' and cfg.model == dict(backbone=dict())
    assert cfg.train_dataloader.batch_size == 4 and cfg.auto_scale_lr.enable
