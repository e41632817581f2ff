"""Write scenes of digits in the layouts of real segmentation data sets."""

from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import binary_dilation

from tests.scenes import make_scenes

VOID = 255  # class that both data sets exclude from loss and metric
# colors of the classes, for viewers only
PALETTE = [channel for index in range(256) for channel in (index * 37 % 256, index * 91 % 256, 80)]


def write_voc2012aug(digits: Path, root: Path, images: dict[str, int] | None = None) -> Path:
    """Write Pascal VOC 2012 with additional masks; return the folder ``root/VOCdevkit/VOC2012``.

    The digit c is class c + 1, the ground is class 0, and a rim of one pixel around each digit is
    void.

    Args:
        digits (Path): The digits.
        root (Path): Folder to write.
        images (dict[str, int], optional): Split -> number of images.
    """
    voc = root / 'VOCdevkit/VOC2012'
    counts = images or dict(train=6, aug=10, val=6)
    for year, (split, count) in enumerate(counts.items(), 2007):
        masks = voc / ('SegmentationClassAug' if split == 'aug' else 'SegmentationClass')
        for folder in (masks, voc / 'JPEGImages', voc / 'ImageSets/Segmentation'):
            folder.mkdir(parents=True, exist_ok=True)
        names = [f'{year}_{number:06d}' for number in range(count)]
        source = 'val' if split == 'val' else 'train'
        scenes = make_scenes(digits, source, count, seed=year)
        for name, (image, things) in zip(names, scenes, strict=True):
            Image.fromarray(image).save(voc / f'JPEGImages/{name}.jpg', quality=95)
            mask = _mask(image.shape[:2], things, first=1, ground=0)
            _write_mask(mask, masks / f'{name}.png')
        lines = ''.join(f'{name}\n' for name in names)
        (voc / f'ImageSets/Segmentation/{split}.txt').write_text(lines)
    return voc


def write_cityscapes(digits: Path, root: Path, train: int = 8, val: int = 4) -> Path:
    """Write Cityscapes with the masks of MMSegmentation's converter, in two cities per split.

    The digit c is class c, the ground is class 10 (sky), and a rim around each digit is void.
    """
    for split, count, cities in (
        ('train', train, ('aachen', 'bochum')),
        ('val', val, ('lindau', 'munster')),
    ):
        for number, (image, things) in enumerate(make_scenes(digits, split, count)):
            name = f'{cities[number % 2]}/{cities[number % 2]}_{number:06d}_000019'
            path = root / f'leftImg8bit/{split}/{name}_leftImg8bit.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path)
            mask = _mask(image.shape[:2], things, first=0, ground=10)
            target = root / f'gtFine/{split}/{name}_gtFine_labelTrainIds.png'
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(mask).save(target)
    return root


def _mask(shape: tuple[int, int], things: list, first: int, ground: int) -> np.ndarray:
    """Return the class of each pixel (H, W); the digit 0 is class ``first``."""
    mask = np.full(shape, ground, np.uint8)
    for thing in things:
        mask[binary_dilation(thing.mask)] = VOID
    for thing in things:
        mask[thing.mask] = first + thing.label
    return mask


def _write_mask(mask: np.ndarray, path: Path) -> None:
    """Write a mask with a palette, as VOC does."""
    image = Image.fromarray(mask, 'P')
    image.putpalette(PALETTE)
    image.save(path)
