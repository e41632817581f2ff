"""Labels that are valid, and classes that agree between data sets."""

import numpy as np
import pytest
import torch
from mmpretrain.structures import DataSample

from npid_mm.datasets import check_same_classes, dataset_labels


class Labeled(list):
    """(path, label) pairs, as MMEngine's data sets describe them."""

    def __init__(self, pairs, classes=None):
        super().__init__(pairs)
        self.metainfo = {'classes': classes} if classes else {}

    def get_data_info(self, index):
        path, label = self[index]
        return {'img_path': path, 'gt_label': label}


def with_labels(*labels, classes=None):
    return Labeled([(f'{i}.png', label) for i, label in enumerate(labels)], classes)


def test_all_types_of_integers_are_labels():
    labels = with_labels(0, np.int64(1), np.array(2), np.array([3]), torch.tensor(4), np.uint8(5))
    assert dataset_labels(labels).tolist() == [0, 1, 2, 3, 4, 5]


def test_mmpretrain_accepts_numpy_labels():
    assert DataSample().set_gt_label(np.int64(3)).gt_label.tolist() == [3]


@pytest.mark.parametrize(
    ('label', 'shown', 'advice'),
    [
        (-1, '-1', 'labels count from 0: correct the list'),
        (np.int64(-2), '-2', 'labels count from 0'),
        (None, 'None', 'images without labels can be trained, searched and drawn, but not scored'),
        ([0, 1], r'\[0, 1\]', 'take whole numbers'),
        (np.array([0, 1]), r'array\(\[0, 1\]\)', 'take whole numbers'),
        (1.0, r'1\.0', 'take whole numbers'),
        (True, 'True', 'take whole numbers'),
        ('1', "'1'", 'take whole numbers'),
    ],
)
def test_invalid_labels(label, shown, advice):
    message = (
        '^val_dataloader must have one label in 0..999999 per image, but 1 of its 2 images do '
        rf'not, the first with gt_label={shown}: 1\.png; .*{advice}'
    )
    with pytest.raises(ValueError, match=message):
        dataset_labels(with_labels(0, label), 'val_dataloader')


def test_a_label_above_the_named_classes():
    message = (
        r'in 0\.\.1 per image \(classes of the data set: 2\), but .*gt_label=2: .*, or classes'
    )
    with pytest.raises(ValueError, match=message):
        dataset_labels(with_labels(0, 2, classes=['cat', 'dog']))


@pytest.mark.parametrize(
    ('train', 'val', 'message'),
    [
        (
            with_labels(0, 1, 2, classes=['ant', 'cat', 'dog']),
            with_labels(0, 1, classes=['cat', 'dog']),
            "got 3 and 2 of them: class 0 is 'ant' in train and 'cat' in val; give both the same",
        ),
        (
            with_labels(0, classes=['ant']),
            with_labels(0, classes=['ant', 'cat']),
            "class 1 is missing in train and 'cat' in val",
        ),
        (
            Labeled([('ant/1', 0), ('cat/1', 1), ('dog/1', 2)]),
            Labeled([('val/cat/9', 0), ('val/dog/9', 1)]),
            "images in a folder 'cat' have label 1 in train, but 0 in val; give both the same",
        ),
    ],
)
def test_classes_that_differ(train, val, message):
    with pytest.raises(ValueError, match=message):
        check_same_classes(train, 'train', val, 'val')


@pytest.mark.parametrize(
    ('train', 'val'),
    [
        (Labeled([('ant/1', 0), ('cat/1', 1)]), Labeled([('cat/9', 1)])),
        # ImageNet's validation images lie in one folder
        (Labeled([('n01/1', 0), ('n02/1', 1)]), Labeled([('val/1', 0), ('val/2', 1)])),
        # folders that are not classes
        (Labeled([('a/1', 0), ('a/2', 1), ('b/1', 0)]), Labeled([('a/9', 1), ('b/9', 0)])),
        (with_labels(0, 1, classes=['cat', 'dog']), with_labels(1, 0, classes=('cat', 'dog'))),
    ],
)
def test_classes_that_agree(train, val):
    check_same_classes(train, 'train', val, 'val')


def test_classes_without_training_images_are_warned_of(monkeypatch):
    said = []
    monkeypatch.setattr(
        'npid_mm.datasets.label_checks.print_log', lambda text, **_: said.append(text)
    )
    check_same_classes(with_labels(0, 1), 'train', with_labels(0, 5, 7), 'val')
    assert said == [
        '2 of 3 classes of val have no image in train, so that their images count as wrong: 5, 7'
    ]
