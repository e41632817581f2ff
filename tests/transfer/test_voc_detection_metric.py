"""AP, AP50 and AP75 of VOC against plain loops."""

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData

from npid_mm.evaluation.metrics.voc_detection_metric import VOCDetectionMetric

CLASSES = ('cat', 'dog', 'horse')


def overlap(first, second) -> float:
    """Return the IoU of two boxes that include their last row and column."""
    width = min(first[2], second[2]) - max(first[0], second[0]) + 1
    height = min(first[3], second[3]) - max(first[1], second[1]) + 1
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0] + 1) * (box[3] - box[1] + 1) for box in (first, second)]
    return width * height / (sum(areas) - width * height)


def average_precision(images, label: int, threshold: float) -> float | None:
    """Return the 11-point AP of a class as VOC2007 defines it."""
    found = [
        (score, number, box)
        for number, image in enumerate(images)
        for box, kind, score in image['detections']
        if kind == label
    ]
    count = sum(
        kind == label and not difficult
        for image in images
        for _, kind, difficult in image['objects']
    )
    if not count:
        return None
    taken, hits, misses, curve = set(), 0, 0, []
    for _, number, box in sorted(found, key=lambda each: -each[0]):
        objects = [
            (overlap(box, other), place, difficult)
            for place, (other, kind, difficult) in enumerate(images[number]['objects'])
            if kind == label
        ]
        best, place, difficult = max(objects, default=(0.0, None, False))
        if best >= threshold and difficult:
            continue
        if best >= threshold and (number, place) not in taken:
            taken.add((number, place))
            hits += 1
        else:
            misses += 1
        curve.append((hits / count, hits / (hits + misses)))
    best_from = [max((p for r, p in curve if r >= k * 0.1), default=0.0) for k in range(11)]
    return sum(best_from) / 11


def mean_average_precision(images, threshold: float) -> float:
    each = [average_precision(images, label, threshold) for label in range(len(CLASSES))]
    known = [ap for ap in each if ap is not None]
    return 100 * sum(known) / len(known)


def made_images(seed: int, labels: int, count: int = 12):
    """Make objects, some difficult, with detections near them, repeated, and away from them."""
    rng = np.random.default_rng(seed)
    images = []
    for _ in range(count):
        objects, detections = [], []
        for number in range(rng.integers(1, 4)):
            left, top = (60 * number, int(rng.integers(0, 40)))
            box = (left, top, left + int(rng.integers(15, 50)), top + int(rng.integers(15, 50)))
            objects.append((box, int(rng.integers(labels)), bool(rng.random() < 0.2)))
            for _ in range(rng.integers(0, 3)):
                near = tuple(int(side + rng.integers(-4, 5)) for side in box)
                kind = objects[-1][1] if rng.random() < 0.8 else int(rng.integers(len(CLASSES)))
                detections.append((near, kind, float(rng.random())))
        detections.append(((200, 0, 220, 30), int(rng.integers(labels)), float(rng.random())))
        images.append(dict(objects=objects, detections=detections))
    return images


def data_sample(image) -> dict:
    """Return an image in the form that the test loop passes to a metric."""

    def instances(rows, **more) -> InstanceData:
        boxes = torch.tensor([row[0] for row in rows], dtype=torch.float32).reshape(-1, 4)
        labels = torch.tensor([row[1] for row in rows], dtype=torch.long)
        return InstanceData(bboxes=boxes, labels=labels, **more)

    scores = torch.tensor([row[2] for row in image['detections']], dtype=torch.float32)
    return dict(
        gt_instances=instances([row for row in image['objects'] if not row[2]]),
        ignored_instances=instances([row for row in image['objects'] if row[2]]),
        pred_instances=instances(image['detections'], scores=scores),
    )


def evaluate(images) -> dict[str, float]:
    metric = VOCDetectionMetric()
    metric.dataset_meta = dict(classes=CLASSES, dataset_type='VOC2007')
    for image in images:
        metric.process({}, [data_sample(image)])
    return metric.evaluate(len(images))


@pytest.mark.parametrize('seed', range(5))
@pytest.mark.parametrize('labels', [3, 2])
def test_equals_plain_loops(seed, labels):
    """In percent and not rounded, the mean over ten thresholds; a class may have no object."""
    images = made_images(seed, labels)
    found = evaluate(images)
    each = {percent: mean_average_precision(images, percent / 100) for percent in range(50, 96, 5)}
    assert 0 < each[75] < each[50] < 100
    expected = dict(AP=sum(each.values()) / 10, AP50=each[50], AP75=each[75])
    assert found == pytest.approx({f'pascal_voc/{name}': v for name, v in expected.items()})


def test_perfect_and_empty_detections():
    images = made_images(0, 3)
    for image in images:
        image['detections'] = [(box, kind, 0.5) for box, kind, _ in image['objects']]
    assert evaluate(images) == pytest.approx(
        {'pascal_voc/AP': 100.0, 'pascal_voc/AP50': 100.0, 'pascal_voc/AP75': 100.0}
    )
    for image in images:
        image['detections'] = []
    assert set(evaluate(images).values()) == {0.0}
