"""Write the digits in the layouts of real data sets: folders, names, lists and annotations.

Each function takes the folder that ``npid_mm.datasets.write_digits`` wrote, and returns ``root``.
Training images are training digits, the others are held-out digits. ``train`` and ``val`` are the
numbers of images per class; ``shrink`` divides the width and height of the images.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from mmpretrain.datasets.categories import PLACES205_CATEGORIES, VOC2007_CATEGORIES
from PIL import Image, ImageOps

PLACES205_IMAGES = 'data/vision/torralba/deeplearning/images256'
# Ten of the 8,142 species, in three super categories of different size
SUPER_CATEGORIES = ('Plantae',) * 5 + ('Insecta',) * 3 + ('Aves',) * 2


def write_imagenet(digits: Path, root: Path, train: int = 4, val: int = 2, shrink: int = 1) -> Path:
    """Write ImageNet: class folders named like WordNet's, lists below meta/."""
    for split, count in (('train', train), ('val', val)):
        lines = []
        for label, source in _sources(digits, split, count):
            name = f'n{label:08d}/{source.stem}.JPEG'
            _write_jpeg(source, root / split / name, (300 // shrink, 260 // shrink))
            lines.append(f'{name} {label}')
        _write_lines(root / f'meta/{split}.txt', lines)
    return root


def write_places205(
    digits: Path, root: Path, train: int = 4, val: int = 2, shrink: int = 1
) -> Path:
    """Write Places205: one tree of images, the official lists of the split, and those of meta/."""
    for split, count in (('train', train), ('val', val)):
        names, labels = [], []
        for label, source in _sources(digits, split, count):
            scene = PLACES205_CATEGORIES[label]
            names.append(f'{scene[0]}/{scene}/gsun_{split}{source.stem}.jpg')
            labels.append(label)
            _write_jpeg(source, root / PLACES205_IMAGES / names[-1], [256 // shrink] * 2)
        pairs = list(zip(names, labels, strict=True))
        official = root / f'trainvalsplit_places205/{split}_places205.csv'
        _write_lines(official, [f'{name} {label}' for name, label in pairs])
        listed = [f'{PLACES205_IMAGES}/{name} {label}' for name, label in pairs]
        _write_lines(root / f'meta/{split}.txt', listed)
    return root


def write_inaturalist2018(
    digits: Path, root: Path, train: int = 4, val: int = 2, shrink: int = 1
) -> Path:
    """Write the JSON files of iNaturalist 2018, shuffled, and its tree of images."""
    categories = [
        dict(id=label, name=str(label), supercategory=above)
        for label, above in enumerate(SUPER_CATEGORIES)
    ]
    rng = np.random.default_rng(0)
    for split, count in (('train', train), ('val', val)):
        images, annotations = [], []
        for label, source in _sources(digits, split, count):
            number = len(images) + (10_000 if split == 'val' else 0)
            name = f'train_val2018/{SUPER_CATEGORIES[label]}/{label}/{split}{source.stem}.jpg'
            width, height = 280 // shrink, 240 // shrink
            _write_jpeg(source, root / name, (width, height))
            about = dict(license=3, rights_holder='nobody', width=width, height=height)
            images.append(dict(about, id=number, file_name=name))
            annotations.append(dict(id=number, image_id=number, category_id=label))
        rng.shuffle(images)
        rng.shuffle(annotations)
        written = dict(info={}, licenses=[], categories=categories)
        written |= dict(images=images, annotations=annotations)
        (root / f'{split}2018.json').write_text(json.dumps(written))
    return root


def write_voc2007(digits: Path, root: Path, trainval: int = 60, test: int = 40) -> Path:
    """Write Pascal VOC 2007 as ``root/VOCdevkit/VOC2007``, and return that folder.

    Images are mosaics of one to three digits. Class c < 10 is the digit c, class c + 10 is the
    digit c with light and dark exchanged. Image i shows class i modulo 20, not difficult. Every
    second image has another class, every other time as a difficult object only. Every fifth has
    the first class again, as a difficult object.

    Args:
        digits (Path): The digits.
        root (Path): Folder to write.
        trainval (int): Images of the split trainval, at least 20.
        test (int): Images of the split test, at least 20.
    """
    assert min(trainval, test) >= len(VOC2007_CATEGORIES), 'every class needs an image'
    voc = root / 'VOCdevkit/VOC2007'
    for folder in ('Annotations', 'ImageSets/Main', 'JPEGImages'):
        (voc / folder).mkdir(parents=True)
    rng = np.random.default_rng(7)
    order = rng.permutation(trainval + test) + 1
    for split, numbers, source in (
        ('trainval', order[:trainval], 'train'),
        ('test', order[trainval:], 'val'),
    ):
        ids = [f'{number:06d}' for number in sorted(numbers)]
        presence = {name: [] for name in VOC2007_CATEGORIES}
        for position, image in enumerate(ids):
            objects = _objects(position, rng)
            boxes = _write_mosaic(digits / source, voc / f'JPEGImages/{image}.jpg', objects, rng)
            _write_annotation(voc / f'Annotations/{image}.xml', objects, boxes)
            for label, name in enumerate(VOC2007_CATEGORIES):
                flags = [difficult for other, difficult in objects if other == label]
                # absent, only difficult, present
                value = -1 if not flags else 0 if all(flags) else 1
                presence[name].append(f'{image} {value:2d}')
        _write_lines(voc / f'ImageSets/Main/{split}.txt', ids)
        for name, lines in presence.items():
            _write_lines(voc / f'ImageSets/Main/{name}_{split}.txt', lines)
    return voc


def _objects(position: int, rng: np.random.Generator) -> list[tuple[int, bool]]:
    """Return class and difficult flag of each object of image ``position``."""
    first = position % 20
    objects = [(first, False)]
    if position % 2:
        other = int(first + rng.integers(1, 20)) % 20
        objects.append((other, position % 4 == 1))
    if position % 5 == 0:
        objects.append((first, True))
    return objects


def _write_mosaic(digits: Path, path: Path, objects: list, rng: np.random.Generator) -> list:
    """Put each object into its own cell of 3 x 4; return the boxes, counted from 0."""
    canvas = Image.new('L', (240, 180), 100)
    boxes = []
    for cell, (label, _) in zip(rng.permutation(12), objects, strict=False):
        source = rng.choice(sorted((digits / str(label % 10)).iterdir()))
        size = int(rng.integers(44, 57))
        left, top = int(cell % 4 * 60), int(cell // 4 * 60)
        with Image.open(source) as image:
            image = ImageOps.invert(image) if label >= 10 else image
            canvas.paste(image.resize((size, size)), (left, top))
        boxes.append((left, top, left + size - 1, top + size - 1))
    canvas.convert('RGB').save(path, quality=95)
    return boxes


def _write_annotation(path: Path, objects: list, boxes: list) -> None:
    """Write objects as VOC does: pixels count from 1, a box includes its last row and column."""
    top = ElementTree.Element('annotation')
    _fill(top, dict(folder='VOC2007', filename=f'{path.stem}.jpg'))
    _fill(ElementTree.SubElement(top, 'size'), dict(width=240, height=180, depth=3))
    _fill(top, dict(segmented=0))
    for (label, difficult), box in zip(objects, boxes, strict=True):
        found = ElementTree.SubElement(top, 'object')
        _fill(found, dict(name=VOC2007_CATEGORIES[label], pose='Unspecified', truncated=0))
        _fill(found, dict(difficult=int(difficult)))
        sides = dict(zip(('xmin', 'ymin', 'xmax', 'ymax'), (1 + side for side in box), strict=True))
        _fill(ElementTree.SubElement(found, 'bndbox'), sides)
    ElementTree.ElementTree(top).write(path)


def _fill(parent: ElementTree.Element, texts: dict) -> None:
    for tag, text in texts.items():
        ElementTree.SubElement(parent, tag).text = str(text)


def _sources(digits: Path, split: str, count: int):
    """Generate (label, file) of the first ``count`` digits of each class."""
    for label in range(10):
        files = sorted((digits / split / str(label)).iterdir())
        assert len(files) >= count, f'{split} has {len(files)} images of {label}, not {count}'
        yield from ((label, source) for source in files[:count])


def _write_jpeg(source: Path, path: Path, size: Sequence[int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(source) as image:
        image.convert('RGB').resize(size).save(path, 'JPEG')


def _write_lines(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(''.join(f'{line}\n' for line in lines))
