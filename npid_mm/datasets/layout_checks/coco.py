"""Whether the annotations and the images of COCO 2017 fit together."""

import json
from pathlib import Path

from torchvision.models.detection import FasterRCNN_ResNet50_FPN_Weights

from .report import LayoutReport, Watch, at_least_one, number, unwatched

COUNTS = {'train': 118_287, 'val': 5000}
CLASSES = [
    name
    for name in FasterRCNN_ResNet50_FPN_Weights.COCO_V1.meta['categories']
    if name not in ('__background__', 'N/A')
]
PARTS = ('images', 'annotations', 'categories')


def check_coco(
    root: str | Path, sample: int | None = 1000, watch: Watch = unwatched
) -> LayoutReport:
    """Check ``root/annotations/instances_{train,val}2017.json`` and ``root/{train,val}2017``.

    Args:
        root (str | Path): The data set.
        sample (int, optional): Listed files to look for on disk, drawn from each split with a fixed
            seed. None looks for all.
        watch (Watch): Shows progress.

    Returns:
        LayoutReport: Problems, notices and counts.

    Raises:
        ValueError: ``sample`` is below 1.
    """
    at_least_one('sample', sample)
    root, report, ids = Path(root), LayoutReport(), {}
    for split, expected in COUNTS.items():
        name, folder = f'annotations/instances_{split}2017.json', f'{split}2017'
        try:
            content = _read(root / name)
        except (FileNotFoundError, ValueError) as error:
            report.problems.append(str(error))
            continue
        images = content['images']
        ids[split] = {image['id'] for image in images}
        report.counts[split] = len(images)
        report.note_count(name, len(images), 'COCO', expected)
        report.problems += [f'{name}: {text}' for text in _problems(content, ids[split])]
        if (root / folder).is_dir():
            files = [f'{folder}/{image["file_name"]}' for image in images]
            report.look_for(root, files, name, sample, watch)
        else:
            report.problems.append(f'folder {folder}/ is missing in {root}: unpack {folder}.zip')
    report.note_overlap(*((split, ids.get(split, set())) for split in COUNTS))
    return report


def _read(path: Path) -> dict:
    """The content of a file of instances, with all its parts."""
    if not path.is_file():
        raise FileNotFoundError(
            f'no file {path}: unpack annotations_trainval2017.zip in {path.parents[1]}'
        )
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f'{path} is no JSON, or cut off: {error}') from error
    missing = [part for part in PARTS if not (isinstance(content, dict) and content.get(part))]
    if missing:
        raise ValueError(f'{path} has no {", ".join(missing)}: it must be a file of instances')
    return content


def _problems(content: dict, images: set[int]) -> list[str]:
    """What is wrong with a file of instances by itself."""
    problems, annotations = [], content['annotations']
    given = {each['name'] for each in content['categories']}
    absent = [name for name in CLASSES if name not in given]
    if absent:
        problems.append(
            f'{len(absent)} of the {len(CLASSES)} categories of COCO are missing, the first: '
            f'{absent[0]}'
        )
    strangers = [each for each in annotations if each['image_id'] not in images]
    if strangers:
        problems.append(
            f'{number(len(strangers), "object")} of images that are not listed, the first: '
            f'{strangers[0]["image_id"]}'
        )
    bare = [each for each in annotations if not each.get('segmentation')]
    if bare:
        problems.append(
            f'{number(len(bare), "object")} without a mask, the first: {bare[0].get("id")}'
        )
    return problems
