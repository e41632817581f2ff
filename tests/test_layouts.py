"""The mosaics of the small VOC2007 are what their annotations say."""

from xml.etree import ElementTree

import numpy as np
import pytest
from mmpretrain.datasets.categories import VOC2007_CATEGORIES
from PIL import Image

from npid_mm.datasets.voc2007 import read_voc2007
from tests.layouts import write_voc2007

BACKGROUND = 100


def annotation(root, image):
    """(class, difficult, box counted from 0 with an open end) of each object."""
    for found in ElementTree.parse(root / f'Annotations/{image}.xml').iter('object'):
        label = VOC2007_CATEGORIES.index(found.find('name').text)
        left, top, right, bottom = (
            int(found.find(f'bndbox/{side}').text) for side in ('xmin', 'ymin', 'xmax', 'ymax')
        )
        yield label, found.find('difficult').text == '1', (left - 1, top - 1, right, bottom)


@pytest.mark.parametrize('split', ['trainval', 'test'])
def test_boxes_end_where_the_digits_do(voc2007, split):
    """To the pixel: digits stand on black, or on white from class 10 on, in a grey image."""
    for image in read_voc2007(voc2007, split)[0]:
        with Image.open(voc2007 / f'JPEGImages/{image}.jpg') as opened:
            pixels = np.asarray(opened.convert('L')).astype(int) - BACKGROUND
        covered = np.zeros_like(pixels, dtype=bool)
        for label, _, (left, top, right, bottom) in annotation(voc2007, image):
            box = pixels[top:bottom, left:right]
            assert np.ptp(box) > 150
            ground = box if label >= 10 else -box
            for rim in (ground[0], ground[-1], ground[:, 0], ground[:, -1]):
                assert np.quantile(rim, 0.85) > 50  # strokes may cover most of a rim
            beyond = [pixels[bottom, left:right], pixels[top:bottom, right]]
            beyond += [pixels[top - 1, left:right]] if top else []
            beyond += [pixels[top:bottom, left - 1]] if left else []
            assert all(abs(np.median(line)) < 10 for line in beyond)
            assert not covered[top:bottom, left:right].any()
            covered[top:bottom, left:right] = True
        # nothing is without a box; JPEG smears over the edges
        assert abs(pixels[~covered]).max() < 60


def test_all_kinds_of_labels_are_there(voc2007):
    """Every class has positives in both splits, enough for three folds of trainval."""
    labels = read_voc2007(voc2007, 'trainval')[1]
    assert (labels == 1).sum(0).min() >= 3 and (labels == 0).any()
    assert (read_voc2007(voc2007, 'test')[1] == 1).sum(0).min() >= 1
    several = [image for image in labels if (image == 1).sum() > 1]
    assert len(several) > 10
    twice = 0
    for image in read_voc2007(voc2007, 'trainval')[0]:
        objects = [(label, difficult) for label, difficult, _ in annotation(voc2007, image)]
        twice += any((label, not difficult) in objects for label, difficult in objects)
    assert twice > 0


def test_equal_call_gives_equal_files(digits, voc2007, tmp_path):
    again = write_voc2007(digits, tmp_path)
    files = [path.relative_to(again) for path in sorted(again.rglob('*.*'))]
    assert len(files) == 100 + 100 + 42
    assert all((again / path).read_bytes() == (voc2007 / path).read_bytes() for path in files)
