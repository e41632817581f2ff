"""Messages for data that are missing, empty or without labels."""

import pytest
from mmengine.config import Config
from mmpretrain.datasets import CustomDataset

from npid_mm.config.checks import data_folders
from npid_mm.config.checks.data_folders import check_data_folders
from npid_mm.config.tree import dicts
from tests.shipped import shipped_config
from tests.toy import ROOT


@pytest.fixture
def config(tmp_path):
    """Make two data sets behind wrappers, as in upstream's configs, and their files."""
    voc = tmp_path / 'VOCdevkit'
    for name in ('VOC2007/JPEGImages', 'VOC2012/JPEGImages'):
        (voc / name).mkdir(parents=True)
        (voc / name).with_name('trainval.txt').write_text('000001\n')
    parts = [
        dict(
            type='VOCDataset',
            data_root=str(voc),
            ann_file=f'VOC{year}/trainval.txt',
            data_prefix=dict(sub_data_root=f'VOC{year}/'),
        )
        for year in (2007, 2012)
    ]
    whole = dict(type='RepeatDataset', dataset=dict(type='ConcatDataset', datasets=parts))
    loader = dict(dataset=whole)
    return Config(dict(default_scope='mmdet', train_dataloader=loader, test_dataloader=None))


def test_existing_data_pass(config):
    check_data_folders(config, 'train_dataloader', 'test_dataloader', 'val_dataloader')


def test_everything_missing_is_named_at_once(config, tmp_path):
    voc = tmp_path / 'VOCdevkit'
    (voc / 'VOC2012').rename(voc / 'VOC2012_')
    with pytest.raises(FileNotFoundError) as error:
        check_data_folders(config, 'train_dataloader')
    lines = str(error.value).splitlines()
    assert lines[1:3] == [
        f'  train_dataloader: {voc}/VOC2012',
        f'  train_dataloader: {voc}/VOC2012/trainval.txt',
    ]
    assert 'link the data set there (ln -s)' in lines[3] and len(lines) == 4


def test_addresses_pass_and_absolute_paths_are_checked(config, tmp_path):
    first, second = config.train_dataloader.dataset.dataset.datasets
    first.data_root = 's3://somewhere/VOCdevkit'
    second.ann_file = str(tmp_path / 'VOCdevkit/VOC2012/trainval.txt')
    check_data_folders(config, 'train_dataloader')
    second.ann_file = 'none.txt'
    with pytest.raises(FileNotFoundError, match=r'VOCdevkit/none\.txt'):
        check_data_folders(config, 'train_dataloader')
    second.update(data_root='', data_prefix=None)
    with pytest.raises(FileNotFoundError, match=r'train_dataloader: none\.txt'):
        check_data_folders(config, 'train_dataloader')


def test_an_empty_list_is_named(config, tmp_path):
    """NumPy would say that it needs an array to concatenate."""
    path = tmp_path / 'VOCdevkit/VOC2007/trainval.txt'
    path.write_text('\n')
    message = rf'  train_dataloader: {path} \(empty\)\nlooked from .*npid data check checks'
    with pytest.raises(FileNotFoundError, match=message):
        check_data_folders(config, 'train_dataloader')


BENCHMARKS = ROOT / 'configs/benchmarks/classification'
PARTS = ('train_dataloader', 'val_dataloader', 'test_dataloader', 'test_cfg')


@pytest.mark.parametrize(
    ('name', 'there', 'missing'),
    [
        (
            'imagenet/resnet50_4xb64-steplr-20e_in1k-10pct.py',
            'imagenet',
            ['train_dataloader: {}/meta/train_10percent.txt'],
        ),
        (
            'imagenet/resnet50_linear-8xb32-steplr-100e_in1k.py',
            None,
            [
                *(f'test_dataloader: {{}}/{name}' for name in ('meta/val.txt', 'val')),
                *(f'train_dataloader: {{}}/{name}' for name in ('meta/train.txt', 'train')),
                *(f'val_dataloader: {{}}/{name}' for name in ('meta/val.txt', 'val')),
            ],
        ),
        (
            'imagenet/knn_resnet50_in1k.py',
            None,
            [
                *(f'test_cfg: {{}}/{name}' for name in ('meta/train.txt', 'train')),
                *(f'test_dataloader: {{}}/{name}' for name in ('meta/val.txt', 'val')),
            ],
        ),
        (
            'places205/resnet50_linear-8xb32-steplr-28e_places205.py',
            None,
            [
                'test_dataloader: {}/meta/val.txt',
                'train_dataloader: {}/meta/train.txt',
                'val_dataloader: {}/meta/val.txt',
            ],
        ),
        ('places205/resnet50_linear-8xb32-steplr-28e_places205.py', 'places205', []),
        ('cifar10/knn_resnet18_cifar10.py', None, []),  # downloads its data
    ],
)
def test_missing_data_of_benchmarks_are_named_together(request, tmp_path, name, there, missing):
    root = request.getfixturevalue(there) if there else tmp_path
    cfg = shipped_config(BENCHMARKS / name)
    for _, place in dicts(cfg):
        if place.get('data_root'):
            place['data_root'] = str(root)
    if not missing:
        check_data_folders(cfg, *PARTS)
        return
    with pytest.raises(FileNotFoundError) as error:
        check_data_folders(cfg, *PARTS)
    lines = str(error.value).splitlines()
    assert lines[1:-1] == ['  ' + each.format(root) for each in missing]
    assert 'npid data check checks a layout' in lines[-1]


@pytest.fixture
def listed(tmp_path):
    """Make a config of two loaders with one list of images; return it and the list."""
    for name in ('a photo.jpg', 'b.jpg'):
        (tmp_path / name).touch()
    path = tmp_path / 'train.txt'
    dataset = dict(type='CustomDataset', data_root=str(tmp_path), ann_file='train.txt')
    wrapped = dict(type='InstanceDataset', dataset=dataset)
    loaders = dict(train_dataloader=dict(dataset=wrapped), val_dataloader=dict(dataset=dataset))
    return Config(loaders), path


def test_a_list_without_labels_is_refused_with_advice(listed):
    cfg, path = listed
    path.write_text('a photo.jpg\nb.jpg\n')
    message = (
        rf"train_dataloader: {path}: line 1, 'a photo\.jpg', has no label: each line must be `path "
        r'label`; for images without labels set with_label=False in the data set, and '
        r'val_dataloader = val_evaluator = val_cfg = None \(docs/your_images\.md\) \(2 of 2 lines\)'
    )
    with pytest.raises(ValueError, match=message):
        check_data_folders(cfg, 'train_dataloader')
    cfg.train_dataloader.dataset.dataset.with_label = False
    check_data_folders(cfg, 'train_dataloader')
    cfg.train_dataloader.dataset.dataset.with_label = True
    path.write_text('a photo.jpg 3\n')
    check_data_folders(cfg, 'train_dataloader')


def test_a_shared_list_is_read_once(listed, monkeypatch):
    """Reading one of ImageNet's takes a second or two."""
    cfg, path = listed
    path.write_text('b.jpg 3\n')
    seen = []
    monkeypatch.setattr(data_folders, 'check_list', lambda *arguments: seen.append(arguments))
    check_data_folders(cfg, 'train_dataloader', 'val_dataloader')
    assert seen == [(str(path), str(path.parent) + '/', True)]


@pytest.mark.parametrize('prefix', ['train', dict(img_path='train')])
def test_the_prefix_of_the_paths_is_used(listed, prefix):
    cfg, path = listed
    path.write_text('b.jpg 0\na photo.jpg 1\n')
    (path.parent / 'train').mkdir()
    cfg.val_dataloader.dataset.data_prefix = prefix
    message = f'val_dataloader: {path}: 2 of the 2 files .* {path.parent}/train/b.jpg of line 1'
    with pytest.raises(FileNotFoundError, match=message):
        check_data_folders(cfg, 'val_dataloader')


def test_lists_of_data_sets_with_another_format_are_not_read(listed):
    cfg, path = listed
    path.write_text('{}')
    cfg.val_dataloader.dataset.type = type('Own', (CustomDataset,), dict(load_data_list=list))
    check_data_folders(cfg, 'val_dataloader')
