"""Findings of the check of a VOC devkit for detection."""

import shutil

import pytest

from npid_mm.datasets.layout_checks.voc0712 import VOC0712Check
from tests.detection_layouts import write_voc_devkit


@pytest.fixture(scope='module')
def devkit(digits, tmp_path_factory):
    return write_voc_devkit(digits, tmp_path_factory.mktemp('devkit'))


@pytest.fixture
def copied(devkit, tmp_path):
    """A copy to damage."""
    return shutil.copytree(devkit, tmp_path / 'VOCdevkit')


def test_good_devkit_and_its_numbers(devkit):
    report = VOC0712Check()(devkit)
    assert report.problems == []
    assert report.counts == {'trainval 2007': 8, 'trainval 2012': 8, 'test 2007': 8}
    assert report.looked_for == 2 * 24
    assert report.notices == [
        'VOC2007/ImageSets/Main/trainval.txt lists 8 images, VOC2007 has 5,011',
        'VOC2012/ImageSets/Main/trainval.txt lists 8 images, VOC2012 has 11,540',
        'VOC2007/ImageSets/Main/test.txt lists 8 images, VOC2007 has 4,952',
    ]


def test_only_the_year_that_is_trained_on(copied):
    shutil.rmtree(copied / 'VOC2012')
    assert VOC0712Check(years=(2007,))(copied).problems == []
    assert VOC0712Check()(copied).problems == [
        f'list VOC2012/ImageSets/Main/trainval.txt is missing in {copied}: unpack trainval of '
        'VOC2012 there'
    ]


def test_folder_above_and_below_are_named(copied):
    assert VOC0712Check()(copied.parent).problems == [
        f'{copied.parent} has VOCdevkit/ inside: use that folder, {copied}'
    ]
    assert VOC0712Check()(copied / 'VOC2007').problems == [
        f'{copied}/VOC2007 is the folder of one year: use the one above, {copied}'
    ]


def test_only_trainval_unpacked(copied):
    (copied / 'VOC2007/ImageSets/Main/test.txt').unlink()
    (problem,) = VOC0712Check()(copied).problems
    assert problem.startswith('list VOC2007/ImageSets/Main/test.txt is missing in')
    assert problem.endswith('unpack test of VOC2007 there')


@pytest.mark.parametrize('kind', ['JPEGImages', 'Annotations'])
def test_files_missing(copied, kind):
    for path in sorted((copied / f'VOC2012/{kind}').iterdir())[:3]:
        path.unlink()
    (problem,) = VOC0712Check()(copied).problems
    assert problem.startswith(
        'VOC2012/ImageSets/Main/trainval.txt: 3 of the 8 files looked for are not in '
        f'{copied}, the first: VOC2012/{kind}/2008_000000.'
    )


def test_empty_list(copied):
    (copied / 'VOC2007/ImageSets/Main/trainval.txt').write_text('\n')
    (problem,) = VOC0712Check()(copied).problems
    assert problem == f'list VOC2007/ImageSets/Main/trainval.txt in {copied} is empty'


def test_test_image_in_training(copied):
    lists = copied / 'VOC2007/ImageSets/Main'
    with open(lists / 'trainval.txt', 'a') as file:
        file.write('005000\n')
    assert VOC0712Check()(copied).problems == ['1 image of trainval in test too, the first: 005000']
