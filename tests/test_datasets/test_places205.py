"""Reading Places205's official lists."""

from pathlib import Path

import pytest
from mmpretrain.registry import DATASETS

from npid_mm.datasets.image_folders.image_list import read_image_list
from npid_mm.datasets.places205 import places205_list


@pytest.fixture
def root(tmp_path):
    """One image, and a list for it."""
    (tmp_path / 'images/a/abbey').mkdir(parents=True)
    (tmp_path / 'images/a/abbey/1.jpg').touch()
    (tmp_path / 'trainvalsplit_places205').mkdir()
    (tmp_path / 'trainvalsplit_places205/val_places205.csv').write_text('a/abbey/1.jpg 0\n')
    return tmp_path


def test_written_lists_need_no_prefix_in_a_config(places205):
    """MMPretrain's CustomDataset finds every image, in the class of its folder."""
    dataset = DATASETS.build(
        dict(type='CustomDataset', data_root=str(places205), ann_file='meta/train.txt')
    )
    infos = [dataset.get_data_info(position) for position in range(len(dataset))]
    assert len(infos) == 40 and all(Path(info['img_path']).is_file() for info in infos)
    scenes = {(info['gt_label'], Path(info['img_path']).parent.name) for info in infos}
    assert len(scenes) == 10 and {(0, 'abbey'), (7, 'arch')} < scenes


@pytest.mark.parametrize('split', ['train', 'val'])
def test_paths_start_from_the_data_set(places205, split):
    entries = places205_list(places205, split)
    assert entries == read_image_list(places205 / f'meta/{split}.txt')
    assert all((places205 / image).is_file() for image, _ in entries)


def test_images_may_lie_elsewhere(root):
    assert places205_list(root, 'val', images='images') == [('images/a/abbey/1.jpg', 0)]
    with pytest.raises(FileNotFoundError, match='a/abbey/1.jpg, which is not in .*images256: unp'):
        places205_list(root, 'val')


def test_a_missing_list_says_what_to_unpack(root):
    message = 'train_places205.csv: unpack trainvalsplit_places205.tar.gz in'
    with pytest.raises(FileNotFoundError, match=message):
        places205_list(root, 'train', images='images')


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', 'val_places205.csv is empty'),
        ('a/abbey/1.jpg 204\n2.jpg 205\n', r'labels in 0\.\.204, got 205 in line 2'),
        ('a/abbey/1.jpg\n', '`path label` in line 1'),
    ],
)
def test_a_malformed_list_is_refused(root, text, message):
    (root / 'trainvalsplit_places205/val_places205.csv').write_text(text)
    with pytest.raises(ValueError, match=message):
        places205_list(root, 'val', images='images')
