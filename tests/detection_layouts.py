"""Write scenes of digits in the layouts of real detection data sets."""

import json
from pathlib import Path

import cv2
import numpy as np
from mmpretrain.datasets.categories import VOC2007_CATEGORIES
from PIL import Image
from torchvision.models.detection import FasterRCNN_ResNet50_FPN_Weights

from tests.scenes import Thing, make_scenes

OBJECT = (
    '<object><name>{name}</name><pose>Unspecified</pose><truncated>0</truncated>'
    '<difficult>{difficult}</difficult><bndbox><xmin>{left}</xmin><ymin>{top}</ymin>'
    '<xmax>{right}</xmax><ymax>{bottom}</ymax></bndbox></object>'
)
# COCO's ids leave out some numbers
COCO_IDS = {
    name: number
    for number, name in enumerate(FasterRCNN_ResNet50_FPN_Weights.COCO_V1.meta['categories'])
    if name not in ('__background__', 'N/A')
}


def write_voc_devkit(
    digits: Path, root: Path, trainval: tuple[int, int] = (8, 8), test: int = 8, **scenes
) -> Path:
    """Write Pascal VOC 2007 and 2012 as ``root/VOCdevkit``, and return that folder.

    The digit c is class c of VOC's twenty. In every fourth image the last object is difficult.

    Args:
        digits (Path): The digits.
        root (Path): Folder to write.
        trainval (tuple[int, int]): Images of trainval in 2007 and in 2012.
        test (int): Images of test, of 2007.
        **scenes: Further arguments of :func:`tests.scenes.make_scenes`.
    """
    devkit = root / 'VOCdevkit'
    for year, split, count, source in (
        (2007, 'trainval', trainval[0], 'train'),
        (2012, 'trainval', trainval[1], 'train'),
        (2007, 'test', test, 'val'),
    ):
        voc = devkit / f'VOC{year}'
        for folder in ('Annotations', 'ImageSets/Main', 'JPEGImages'):
            (voc / folder).mkdir(parents=True, exist_ok=True)
        first = 5000 if split == 'test' else 0
        pattern = '{:06d}' if year == 2007 else '2008_{:06d}'
        names = [pattern.format(first + number) for number in range(count)]
        made = make_scenes(digits, source, count, seed=year, **scenes)
        for number, (name, (image, things)) in enumerate(zip(names, made, strict=True)):
            Image.fromarray(image).save(voc / f'JPEGImages/{name}.jpg', quality=95)
            text = _voc_annotation(f'VOC{year}', name, image, things, difficult=number % 4 == 3)
            (voc / f'Annotations/{name}.xml').write_text(text)
        lines = ''.join(f'{name}\n' for name in names)
        (voc / f'ImageSets/Main/{split}.txt').write_text(lines)
    return devkit


def write_coco(digits: Path, root: Path, train: int = 8, val: int = 4, **scenes) -> Path:
    """Write COCO 2017 with masks, and return ``root``; the digit c is its category c."""
    for split, count, first in (('train', train, 1), ('val', val, 100_001)):
        folder = root / f'{split}2017'
        folder.mkdir(parents=True)
        images, annotations = [], []
        for number, (image, things) in enumerate(make_scenes(digits, split, count, **scenes)):
            name, height, width = f'{first + number:012d}.jpg', *image.shape[:2]
            Image.fromarray(image).save(folder / name, quality=95)
            images.append(dict(id=first + number, file_name=name, height=height, width=width))
            for thing in things:
                about = dict(id=first + len(annotations), image_id=first + number, iscrowd=0)
                annotations.append(about | _coco_object(thing))
        categories = [dict(id=number, name=name) for name, number in COCO_IDS.items()]
        content = dict(images=images, annotations=annotations, categories=categories)
        path = root / f'annotations/instances_{split}2017.json'
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content))
    return root


def _voc_annotation(
    folder: str, name: str, image: np.ndarray, things: list[Thing], difficult: bool
) -> str:
    """Return XML of VOC: pixels count from 1, a box includes its last row and column."""
    height, width = image.shape[:2]
    found = []
    for thing in things:
        left, top, right, bottom = thing.box
        found.append(
            OBJECT.format(
                name=VOC2007_CATEGORIES[thing.label],
                difficult=int(difficult and thing is things[-1]),
                left=left + 1,
                top=top + 1,
                right=right,
                bottom=bottom,
            )
        )
    return (
        f'<annotation><folder>{folder}</folder><filename>{name}.jpg</filename><size>'
        f'<width>{width}</width><height>{height}</height><depth>3</depth></size>'
        f'<segmented>0</segmented>{"".join(found)}</annotation>'
    )


def _coco_object(thing: Thing) -> dict:
    """Return box and polygons of an object, with holes filled."""
    left, top, right, bottom = thing.box
    # an outline runs through the centers of its pixels: here, a quarter of one from the edge
    fine = np.kron(thing.mask, np.ones((2, 2))).astype(np.uint8)
    outlines, _ = cv2.findContours(fine, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    polygons = [((each.ravel() + 0.5) / 2).tolist() for each in outlines if len(each) > 2]
    return dict(
        category_id=list(COCO_IDS.values())[thing.label],
        bbox=[left, top, right - left, bottom - top],
        area=int(thing.mask.sum()),
        segmentation=polygons,
    )
