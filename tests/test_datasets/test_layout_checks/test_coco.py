"""Findings of the check of COCO."""

import json
import shutil

import pytest

from npid_mm.datasets.layout_checks.coco import CocoCheck
from tests.detection_layouts import write_coco

TRAIN = 'annotations/instances_train2017.json'


@pytest.fixture(scope='module')
def coco(digits, tmp_path_factory):
    return write_coco(digits, tmp_path_factory.mktemp('coco') / 'coco')


@pytest.fixture
def copied(coco, tmp_path):
    """A copy to damage."""
    return shutil.copytree(coco, tmp_path / 'coco')


@pytest.fixture
def damage(copied):
    """Change the annotations of the training images."""

    def damage(change):
        content = json.loads((copied / TRAIN).read_text())
        change(content)
        (copied / TRAIN).write_text(json.dumps(content))
        return CocoCheck()(copied).problems

    return damage


def test_good_annotations_and_their_numbers(coco):
    report = CocoCheck()(coco)
    assert report.problems == []
    assert report.counts == {'train': 8, 'val': 4} and report.looked_for == 12
    assert report.notices == [
        f'{TRAIN} lists 8 images, COCO has 118,287',
        'annotations/instances_val2017.json lists 4 images, COCO has 5,000',
    ]


def test_only_images_unpacked(copied):
    shutil.rmtree(copied / 'annotations')
    problems = CocoCheck()(copied).problems
    assert problems[0] == (
        f'{TRAIN} is missing in {copied}: unpack annotations_trainval2017.zip there'
    )
    assert len(problems) == 2


def test_only_annotations_unpacked(copied):
    shutil.rmtree(copied / 'val2017')
    assert CocoCheck()(copied).problems == [
        f'folder val2017/ is missing in {copied}: unpack val2017.zip'
    ]


def test_images_missing(copied):
    for path in sorted((copied / 'train2017').iterdir())[:3]:
        path.unlink()
    assert CocoCheck()(copied).problems == [
        f'{TRAIN}: 3 of the 8 files looked for are not in {copied}, the first: '
        'train2017/000000000001.jpg'
    ]


def test_truncated_file(copied):
    (copied / TRAIN).write_text((copied / TRAIN).read_text()[:-9])
    (problem,) = CocoCheck()(copied).problems
    assert problem.startswith(f'{copied / TRAIN} is not JSON, or is truncated: ')


def test_captions_instead_of_instances(damage, copied):
    assert damage(lambda content: content.pop('categories')) == [
        f'{copied / TRAIN} has no categories: it must be a file of instances'
    ]


def test_other_categories(damage):
    def rename(content):
        content['categories'][0]['name'] = 'human'

    assert damage(rename) == [
        f'{TRAIN}: 1 of the 80 categories of COCO are missing, the first: person'
    ]


def test_objects_of_no_image_and_without_a_mask(damage):
    def change(content):
        content['annotations'][0]['image_id'] = 77
        content['annotations'][1]['segmentation'] = []

    assert damage(change) == [
        f'{TRAIN}: 1 object of images that are not listed, the first: 77',
        f'{TRAIN}: 1 object without a mask, the first: 2',
    ]


def test_test_image_in_training(damage):
    def change(content):
        content['images'][0]['id'] = 100_001
        for each in content['annotations']:
            each['image_id'] = 100_001

    assert damage(change) == ['1 image of train in val too, the first: 100001']
