"""Check that the annotations and the images of COCO 2017 fit together."""

import json
from collections.abc import Iterator
from pathlib import Path

from torchvision.models.detection import FasterRCNN_ResNet50_FPN_Weights

from npid_mm.utils.text import pluralize

from .base import LayoutCheck, LayoutReport, register_check

COUNTS = {'train': 118_287, 'val': 5000}
CLASSES = [
    name
    for name in FasterRCNN_ResNet50_FPN_Weights.COCO_V1.meta['categories']
    if name not in ('__background__', 'N/A')
]
PARTS = ('images', 'annotations', 'categories')


@register_check('coco')
class CocoCheck(LayoutCheck):
    """Check of ``root/annotations/instances_{train,val}2017.json`` and ``root/{train,val}2017``."""

    folder = 'coco'

    def check(self, root: Path, report: LayoutReport) -> None:
        """See :meth:`LayoutCheck.check`."""
        ids = {}
        for split, expected in COUNTS.items():
            name, folder = f'annotations/instances_{split}2017.json', f'{split}2017'
            try:
                content = _read(root, name)
            except (FileNotFoundError, ValueError) as error:
                report.problems.append(str(error))
                continue
            images = content['images']
            ids[split] = {image['id'] for image in images}
            report.count(split, len(images), name, 'COCO', expected)
            report.problems += [f'{name}: {text}' for text in _problems(content, ids[split])]
            if (root / folder).is_dir():
                files = [f'{folder}/{image["file_name"]}' for image in images]
                self.look_for(report, root, files, name)
            else:
                report.problems.append(
                    f'folder {folder}/ is missing in {root}: unpack {folder}.zip'
                )
        report.check_disjoint(ids, *COUNTS)


def _read(root: Path, name: str) -> dict:
    """Read a file of instances and check that it has all its parts."""
    path = root / name
    if not path.is_file():
        raise FileNotFoundError(
            f'{name} is missing in {root}: unpack annotations_trainval2017.zip there'
        )
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f'{path} is not JSON, or is truncated: {error}') from error
    missing = [part for part in PARTS if not (isinstance(content, dict) and content.get(part))]
    if missing:
        raise ValueError(f'{path} has no {", ".join(missing)}: it must be a file of instances')
    return content


def _problems(content: dict, images: set[int]) -> Iterator[str]:
    """Find errors within a file of instances."""
    annotations = content['annotations']
    given = {each['name'] for each in content['categories']}
    absent = [name for name in CLASSES if name not in given]
    if absent:
        yield (
            f'{len(absent)} of the {len(CLASSES)} categories of COCO are missing, the first: '
            f'{absent[0]}'
        )
    unlisted = [each for each in annotations if each['image_id'] not in images]
    if unlisted:
        yield (
            f'{pluralize(len(unlisted), "object")} of images that are not listed, the first: '
            f'{unlisted[0]["image_id"]}'
        )
    bare = [each for each in annotations if not each.get('segmentation')]
    if bare:
        yield f'{pluralize(len(bare), "object")} without a mask, the first: {bare[0].get("id")}'
