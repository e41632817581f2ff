"""tools/dataset_converters/check_dataset.py on each data set."""

import pytest
from torchvision.datasets import CIFAR10

from tests.detection_layouts import write_coco, write_voc_devkit

CHECK = 'check_dataset.py'


@pytest.mark.parametrize(
    ('name', 'options', 'expected'),
    [
        ('imagenet', ['--classes', 10], 'no problems found: train 40, val 20, 60 files checked'),
        ('imagenet', ['--classes', 10, '--sample', 5], 'train 40, val 20, 10 files checked'),
        ('places205', ['--classes', 10, '--all'], 'no problems found: train 40, val 20, 60 files'),
        ('inaturalist2018', [], 'no problems found: train 40, val 20, 60 files checked'),
        ('voc2007', ['--all'], 'no problems found: trainval 60, test 40, 100 files checked'),
    ],
)
def test_a_complete_data_set_passes(run, request, name, options, expected):
    code, text = run(CHECK, name, request.getfixturevalue(name), *options)
    assert code == 0, text
    assert expected in text and 'problem: ' not in text


def test_complete_detection_data_pass(run, digits, tmp_path):
    devkit = write_voc_devkit(digits, tmp_path)
    code, text = run(CHECK, 'voc0712', devkit)
    assert code == 0, text
    expected = 'no problems found: trainval 2007 8, trainval 2012 8, test 2007 8, 48 files checked'
    assert expected in text
    code, text = run(CHECK, 'coco', write_coco(digits, tmp_path / 'coco'), '--sample', 3)
    assert code == 0, text
    assert 'no problems found: train 8, val 4, 6 files checked' in text


def test_the_files_of_cifar10_are_checked_by_their_hash(run, tmp_path, monkeypatch):
    code, text = run(CHECK, 'cifar10', tmp_path)
    assert code == 1 and 'problem: folder cifar-10-batches-py/ is missing' in text
    folder = tmp_path / 'cifar-10-batches-py'
    folder.mkdir()
    for name in ('one', 'two', 'batches.meta'):
        (folder / name).touch()
    # the checksum of an empty file
    nothing = 'd41d8cd98f00b204e9800998ecf8427e'
    monkeypatch.setattr(CIFAR10, 'train_list', [['one', nothing]])
    monkeypatch.setattr(CIFAR10, 'test_list', [['two', nothing]])
    monkeypatch.setattr(CIFAR10, 'meta', dict(filename='batches.meta', md5=nothing))
    assert run(CHECK, 'cifar10', tmp_path) == (0, 'no problems found: 3 files checked\n')


def test_problems_are_printed_with_exit_code_1(run, tmp_path):
    for folder in ('meta', 'train', 'val'):
        (tmp_path / folder).mkdir()
    (tmp_path / 'meta/train.txt').write_text('train/n01/n01_0.JPEG 0\n')
    code, text = run(CHECK, 'imagenet', tmp_path)
    assert code == 1
    assert 'problem: list meta/val.txt is missing' in text
    assert 'problem: meta/train.txt: paths start with train/, which data_prefix' in text
    assert 'notice: meta/train.txt lists 1 image, ImageNet has 1,281,167' in text
    assert 'no problems found' not in text
