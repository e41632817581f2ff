"""The small VOC devkit and COCO say of their scenes what is in them."""

import json
from xml.etree import ElementTree

import numpy as np
from mmpretrain.datasets.categories import VOC2007_CATEGORIES
from PIL import Image, ImageDraw
from scipy.ndimage import binary_fill_holes

from tests.detection_layouts import COCO_IDS, write_coco, write_voc_devkit
from tests.scenes import make_scenes


def test_voc_boxes_are_those_of_the_digits(digits, tmp_path):
    """Pixels count from 1, and the last row and column are inside; every fourth has a difficult."""
    devkit = write_voc_devkit(digits, tmp_path)
    names = (devkit / 'VOC2007/ImageSets/Main/test.txt').read_text().split()
    difficult = []
    for name, (_, things) in zip(names, make_scenes(digits, 'val', 8, seed=2007), strict=True):
        objects = list(ElementTree.parse(devkit / f'VOC2007/Annotations/{name}.xml').iter('object'))
        for thing, found in zip(things, objects, strict=True):
            assert VOC2007_CATEGORIES[thing.label] == found.find('name').text
            left, top, right, bottom = (int(side.text) for side in found.find('bndbox'))
            covered = np.zeros_like(thing.mask)
            covered[top - 1 : bottom, left - 1 : right] = True
            assert covered[thing.mask].all()
            rows, columns = thing.mask.any(1).nonzero()[0], thing.mask.any(0).nonzero()[0]
            assert (np.ptp(columns), np.ptp(rows)) == (right - left, bottom - top)
        difficult.append([found.find('difficult').text for found in objects])
    assert difficult == [['0', '0'], ['0', '0'], ['0', '0'], ['0', '1']] * 2


def test_coco_polygons_are_the_digits(digits, tmp_path):
    content = json.loads(
        (write_coco(digits, tmp_path / 'coco') / 'annotations/instances_val2017.json').read_text()
    )
    things = [thing for _, scene in make_scenes(digits, 'val', 4) for thing in scene]
    assert len(things) == len(content['annotations']) == 8
    for thing, found in zip(things, content['annotations'], strict=True):
        assert list(COCO_IDS.values()).index(found['category_id']) == thing.label
        left, top, width, height = found['bbox']
        assert (left, top, left + width, top + height) == thing.box
        height, width = thing.mask.shape
        drawn = Image.new('1', (8 * width, 8 * height))  # whose outlines are a pixel wide
        for polygon in found['segmentation']:
            ImageDraw.Draw(drawn).polygon([8 * side for side in polygon], fill=1)
        inside = np.asarray(drawn)[4::8, 4::8]
        filled = binary_fill_holes(thing.mask)
        assert (inside & filled).sum() / (inside | filled).sum() > 0.98
