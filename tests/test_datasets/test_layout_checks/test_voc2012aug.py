"""Findings of the check of VOC2012 with additional annotations."""

import pytest

from npid_mm.datasets.layout_checks.voc2012aug import VOC2012AugCheck
from tests.segmentation_layouts import write_voc2012aug


@pytest.fixture
def voc(digits, tmp_path):
    """A folder to damage."""
    return write_voc2012aug(digits, tmp_path)


def test_good_lists_and_their_numbers(voc):
    report = VOC2012AugCheck()(voc)
    assert report.problems == [] and report.counts == dict(train=6, aug=10, val=6)
    assert report.looked_for == 2 * 22
    assert report.notices == [
        'ImageSets/Segmentation/train.txt lists 6 images, VOC2012 has 1,464',
        'ImageSets/Segmentation/aug.txt lists 10 images, VOC2012 has 9,118',
        'ImageSets/Segmentation/val.txt lists 6 images, VOC2012 has 1,449',
    ]


def test_wrong_folder_names_every_list(tmp_path):
    problems = VOC2012AugCheck()(tmp_path).problems
    assert [problem.split(' is missing')[0] for problem in problems] == [
        f'list ImageSets/Segmentation/{split}.txt' for split in ('train', 'aug', 'val')
    ]


def test_folder_above_and_empty_list(voc):
    (problem,) = VOC2012AugCheck()(voc.parent).problems
    assert problem == f'{voc.parent} has VOC2012/ inside: use that folder, {voc}'
    (voc / 'ImageSets/Segmentation/val.txt').write_text('')
    (problem,) = VOC2012AugCheck()(voc).problems
    assert problem == f'list ImageSets/Segmentation/val.txt in {voc} is empty'


def test_additional_annotations_not_converted(voc):
    """VOC2012 as unpacked: the message names the converter."""
    (voc / 'ImageSets/Segmentation/aug.txt').unlink()
    (problem,) = VOC2012AugCheck()(voc).problems
    assert 'aug.txt is missing in' in problem and 'voc_aug.py writes it' in problem


def test_missing_masks_and_images(voc):
    (voc / 'SegmentationClassAug/2008_000003.png').unlink()
    (voc / 'JPEGImages/2009_000001.jpg').unlink()
    first, second = VOC2012AugCheck()(voc).problems
    assert first.endswith(f'are not in {voc}, the first: SegmentationClassAug/2008_000003.png')
    assert second.endswith(f'are not in {voc}, the first: JPEGImages/2009_000001.jpg')


def test_val_images_among_the_additional_ones(voc):
    """The unfiltered lists of the additional annotations hold images of val."""
    lists = voc / 'ImageSets/Segmentation'
    (voc / 'SegmentationClassAug/2009_000002.png').touch()
    (lists / 'aug.txt').write_text((lists / 'aug.txt').read_text() + '2009_000002\n')
    assert VOC2012AugCheck()(voc).problems == ['1 image of aug in val too, the first: 2009_000002']
