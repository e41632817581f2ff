"""VOC2007's lists, compared with the annotations of the objects."""

import shutil

import numpy as np
import pytest
from mmpretrain.datasets import VOC
from mmpretrain.registry import DATASETS

from npid_mm.datasets import voc2007 as module
from npid_mm.datasets.voc2007 import read_voc2007

SIZES = [('trainval', 60), ('test', 40)]


def build(root, split, **arguments):
    dataset = dict(type='VOC2007Classification', data_root=str(root), split=split)
    return DATASETS.build(dataset | arguments)


@pytest.mark.parametrize(('split', 'count'), SIZES)
def test_labels_are_those_of_the_annotations(voc2007, split, count):
    """MMPretrain's VOC reads the XML files and separates difficult objects."""
    dataset, annotated = build(voc2007, split), VOC(data_root=str(voc2007), split=split)
    assert len(dataset) == len(annotated) == count
    assert dataset.metainfo['classes'] == annotated.metainfo['classes']
    seen = set()
    for position in range(count):
        info, objects = dataset.get_data_info(position), annotated.get_data_info(position)
        assert info['img_path'] == objects['img_path']
        expected = np.full(20, -1)
        expected[objects['gt_label_difficult']] = 0
        expected[objects['gt_label']] = 1
        assert info['gt_label'] == expected.tolist()
        seen.update(info['gt_label'])
    assert seen == {1, 0, -1}


def test_pipeline_gets_images_and_labels(voc2007):
    pipeline = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]
    dataset = build(voc2007, 'test', pipeline=pipeline)
    sample = dataset[5]['data_samples']
    assert dataset[5]['inputs'].shape == (3, 180, 240)
    assert sample.gt_label.tolist() == dataset.get_gt_labels()[5].tolist()


def test_another_split_is_refused(voc2007):
    with pytest.raises(ValueError, match="split must be 'trainval' or 'test', got 'val'"):
        build(voc2007, 'val')


@pytest.mark.parametrize(('split', 'count'), SIZES)
def test_another_number_of_images_is_logged(voc2007, split, count, monkeypatch):
    logged = []
    monkeypatch.setattr(module, 'print_log', lambda text, **_: logged.append(text))
    build(voc2007, split)
    published = {'trainval': '5,011', 'test': '4,952'}[split]
    assert logged == [f'{voc2007} lists {count} images of {split}, VOC2007 has {published}']
    monkeypatch.setitem(module.VOC2007_COUNTS, split, count)
    build(voc2007, split)
    assert len(logged) == 1


@pytest.fixture
def copied(voc2007, tmp_path):
    """A copy of the lists to modify."""
    return shutil.copytree(voc2007 / 'ImageSets', tmp_path / 'ImageSets').parent


def test_missing_lists_are_named_with_their_archive(copied):
    (copied / 'ImageSets/Main/dog_test.txt').unlink()
    message = (
        r'1 of 21 lists of test are missing in .*Main, the first: dog_test.txt; unpack VOCtest'
    )
    with pytest.raises(FileNotFoundError, match=message):
        build(copied, 'test')
    with pytest.raises(FileNotFoundError, match='21 of 21 lists of trainval are missing'):
        read_voc2007(copied / 'nowhere', 'trainval')


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda lines: [*lines[:4], '000005 2', *lines[5:]], "in line 5, got '000005 2'"),
        (lambda lines: [*lines, '000005'], "1, 0 or -1 in line 41, got '000005'"),
        (lambda lines: lines[::-1], 'list the images of test.txt, in order'),
        (lambda lines: lines[:-1], 'list the images of test.txt, in order'),
    ],
)
def test_a_malformed_list_of_a_class_is_refused(copied, change, message):
    path = copied / 'ImageSets/Main/cow_test.txt'
    path.write_text('\n'.join(change(path.read_text().splitlines())))
    with pytest.raises(ValueError, match=f'cow_test.txt must .*{message}$'):
        read_voc2007(copied, 'test')


def test_an_empty_split_is_refused(copied):
    (copied / 'ImageSets/Main/test.txt').write_text('')
    with pytest.raises(ValueError, match='test.txt is empty'):
        read_voc2007(copied, 'test')
