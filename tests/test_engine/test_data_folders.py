"""What a user reads whose detection or segmentation data lie elsewhere."""

import pytest
from mmengine.config import Config

from npid_mm.engine.data_folders import check_data_folders


@pytest.fixture
def config(tmp_path):
    """Two data sets behind wrappers, as upstream's configs have them, and their files."""
    voc = tmp_path / 'VOCdevkit'
    for name in ('VOC2007/JPEGImages', 'VOC2012/JPEGImages'):
        (voc / name).mkdir(parents=True)
        (voc / name).with_name('trainval.txt').touch()
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


def test_what_is_there_passes(config):
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


def test_addresses_absolute_paths_and_other_scopes(config, tmp_path):
    """Only what a detection or segmentation reads from a local disk is looked for."""
    first, second = config.train_dataloader.dataset.dataset.datasets
    first.data_root = 's3://somewhere/VOCdevkit'
    second.ann_file = str(tmp_path / 'VOCdevkit/VOC2012/trainval.txt')
    check_data_folders(config, 'train_dataloader')
    second.ann_file = 'none.txt'
    with pytest.raises(FileNotFoundError, match=r'VOCdevkit/none\.txt'):
        check_data_folders(config, 'train_dataloader')
    second.update(data_root='', data_prefix=None)  # the list alone, and no folder before it
    with pytest.raises(FileNotFoundError, match=r'train_dataloader: none\.txt'):
        check_data_folders(config, 'train_dataloader')
    config.default_scope = 'mmpretrain'
    check_data_folders(config, 'train_dataloader')
