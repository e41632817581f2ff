"""Images of indexes and of memory banks."""

import pytest
import torch

from npid_mm.curation import read_image_set
from npid_mm.curation.image_set import path_sets
from npid_mm.datasets.image_names import pack_names
from npid_mm.retrieval import FeatureIndex
from npid_mm.retrieval.index.entries import Entry
from tests.toy import INDEX_ABOUT, unit_rows


def make_index(folder, count, dim=8, prefix='/data/train'):
    index = FeatureIndex.create(folder, {}, dict(INDEX_ABOUT, dtype='float32', dim=dim))
    entries = [Entry(f'{prefix}/{number}.jpg', 'cat') for number in range(count)]
    index.append(unit_rows(count, dim), entries)
    return index


def make_checkpoint(path, count=3, **changes):
    content = dict(
        meta=dict(epoch=1, iter=4),
        state_dict={'memory_bank.feature_bank': unit_rows(count, 8)},
        images=pack_names([f'val/{number}.jpg' for number in range(count)]),
        own_probability=torch.linspace(0, 1, count),
    )
    content.update(changes)
    torch.save({key: value for key, value in content.items() if value is not None}, path)
    return path


def test_an_index_gives_its_rows_and_entries(tmp_path):
    make_index(tmp_path / 'a', 4)
    images = read_image_set(tmp_path / 'a')
    assert torch.equal(images.rows, unit_rows(4, 8)) and len(images) == 4
    assert images.paths[3] == '/data/train/3.jpg' and images.labels == ['cat'] * 4
    assert images.sets == ['train'] * 4 and images.own is None


def test_a_checkpoint_gives_its_bank_names_and_probabilities(tmp_path):
    path = make_checkpoint(tmp_path / 'epoch_1.pth')
    images = read_image_set(path, images=tmp_path)
    assert images.paths == [str(tmp_path / f'val/{number}.jpg') for number in range(3)]
    assert images.own.tolist() == [0, 0.5, 1] and images.sets == ['val'] * 3
    assert read_image_set(tmp_path).paths[0] == 'val/0.jpg'  # the newest of the folder
    with pytest.raises(FileNotFoundError, match=r'images must be a folder .*, got /nowhere'):
        read_image_set(path, images='/nowhere')


def test_two_sources_are_two_sets(tmp_path):
    make_index(tmp_path / 'a', 4)
    path = make_checkpoint(tmp_path / 'epoch_1.pth')
    images = read_image_set(tmp_path / 'a', path)
    assert images.sets == [str(tmp_path / 'a')] * 4 + [str(path)] * 3
    assert images.own[:4].isnan().all() and images.own[4:].tolist() == [0, 0.5, 1]


def test_sets_are_those_of_the_last_folder_with_such_a_name():
    paths = ['/training/images/test/x.png', 'data/Validation/cat/x.png', 'train.png', '/a/b/x.png']
    assert path_sets(paths) == ['test', 'val', '', '']


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(images=None), 'must have a memory bank and the names of its images'),
        (dict(state_dict={}), 'must have a memory bank and the names of its images'),
        (dict(images=pack_names(['a.png'])), 'is damaged: it has 1 names for 3 rows'),
    ],
)
def test_other_checkpoints_are_refused(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        read_image_set(make_checkpoint(tmp_path / 'epoch_1.pth', **changes))


def test_sources_that_cannot_be_compared_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match='has neither an index nor a checkpoint'):
        read_image_set(tmp_path)
    make_index(tmp_path / 'a', 4)
    make_index(tmp_path / 'b', 4, dim=4)
    with pytest.raises(ValueError, match='must be of one network, got rows of 8 and 4 dimensions'):
        read_image_set(tmp_path / 'a', tmp_path / 'b')
    make_index(tmp_path / 'c', 1)
    with pytest.raises(ValueError, match='must have at least 2 images to compare, got 1'):
        read_image_set(tmp_path / 'c')
