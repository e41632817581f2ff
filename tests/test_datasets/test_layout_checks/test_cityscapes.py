"""Findings of the check of Cityscapes."""

import shutil

import pytest

from npid_mm.datasets.layout_checks.cityscapes import CityscapesCheck
from tests.segmentation_layouts import write_cityscapes


@pytest.fixture
def root(digits, tmp_path):
    """A folder to damage."""
    return write_cityscapes(digits, tmp_path / 'cityscapes')


def test_good_folders_and_their_numbers(root):
    report = CityscapesCheck()(root)
    assert report.problems == [] and report.counts == dict(train=8, val=4)
    assert report.looked_for == 12
    assert report.notices == [
        'leftImg8bit/train lists 8 images, Cityscapes has 2,975',
        'leftImg8bit/val lists 4 images, Cityscapes has 500',
    ]


def test_wrong_folder(tmp_path):
    first, second = CityscapesCheck()(tmp_path).problems
    assert first.startswith(f'no images CITY/*_leftImg8bit.png in {tmp_path}/leftImg8bit/train')
    assert 'unpack leftImg8bit_trainvaltest.zip' in second


def test_annotations_not_converted(root):
    """The archive has label IDs; the converter's train IDs are what is read."""
    shutil.rmtree(root / 'gtFine/val')
    (problem,) = CityscapesCheck()(root).problems
    assert problem.startswith(f'no masks CITY/*_gtFine_labelTrainIds.png in {root}/gtFine/val')
    assert "MMSegmentation's cityscapes.py writes them" in problem


def test_missing_mask(root):
    (root / 'gtFine/train/bochum/bochum_000003_000019_gtFine_labelTrainIds.png').unlink()
    (problem,) = CityscapesCheck()(root).problems
    assert problem.startswith('leftImg8bit/train: 1 of the 8 files looked for are not in ')
    assert problem.endswith('bochum/bochum_000003_000019_gtFine_labelTrainIds.png')
