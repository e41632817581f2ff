"""iNaturalist 2018, read from the JSON files of the competition."""

import json
from pathlib import Path

from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import DATASETS

KEYS = ('images', 'annotations', 'categories')


@DATASETS.register_module()
class INaturalist2018(BaseDataset):
    """iNaturalist 2018: ``dict(type='INaturalist2018', data_root=..., ann_file=...)``.

    Samples come in the order of ``images`` in the file, with ``gt_label`` the category's ``id``.
    Paths start from ``data_root``, as the file names begin with ``train_val2018/``. The class names
    are those of the file.

    Args:
        ann_file (str): ``train2018.json`` or ``val2018.json``.
        **kwargs: Arguments of MMPretrain's ``BaseDataset``.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If the file is malformed, see :func:`read_inaturalist`.
    """

    def load_data_list(self) -> list[dict]:
        """Image paths and labels."""
        entries, classes = read_inaturalist(self.ann_file)
        self._metainfo.setdefault('classes', tuple(classes))
        # joined as text, as a function call for each of 437,513 images takes longer than reading
        prefix = f'{self.img_prefix.rstrip("/")}/' if self.img_prefix else ''
        return [dict(img_path=prefix + name, gt_label=label) for name, label in entries]


def read_inaturalist(path: str | Path) -> tuple[list[tuple[str, int]], list[str]]:
    """Read (file name, label) of all images, in the order of the file, and the class names.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If the file is not JSON or lacks a list or a field, categories are not numbered
            from 0, an image has no annotation or several, or a label has no category.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f'no file {path}: unpack train2018.json.tar.gz and val2018.json.tar.gz into the '
            'data_root (docs/datasets.md)'
        )
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f'{path} is not JSON: {error}; unpack or download it again') from error
    missing = [key for key in KEYS if not isinstance(content, dict) or key not in content]
    if missing:
        raise ValueError(
            f'{path} must have the lists {", ".join(KEYS)}, but lacks {", ".join(missing)}: use '
            'train2018.json or val2018.json (test2018.json has no labels)'
        )
    try:
        names = {image['id']: image['file_name'] for image in content['images']}
        labels = {item['image_id']: item['category_id'] for item in content['annotations']}
        classes = {item['id']: item['name'] for item in content['categories']}
    except KeyError as error:
        raise ValueError(
            f'{path}: an entry of {", ".join(KEYS)} has no {error}; download it again'
        ) from error
    _check(path, content, names, labels, classes)
    return (
        [(name, labels[number]) for number, name in names.items()],
        [classes[label] for label in range(len(classes))],
    )


def _check(path: Path, content: dict, names: dict, labels: dict, classes: dict) -> None:
    """Check that images, annotations and categories fit together."""
    count = len(classes)
    if not names:
        raise ValueError(f'{path} has no image')
    if classes.keys() != set(range(count)):
        wrong = next(label for label in classes if label not in range(count))
        raise ValueError(
            f'{path} must number its {count} categories 0 to {count - 1}, but has the id {wrong!r}'
        )
    for key, by_image in (('images', names), ('annotations', labels)):
        more = len(content[key]) - len(by_image)
        if more:
            raise ValueError(f'{path} must have one entry of {key} per image, but {more} are extra')
    for what, wrong in (
        ('images have no annotation', names.keys() - labels.keys()),
        ('annotations have no image', labels.keys() - names.keys()),
    ):
        if wrong:
            raise ValueError(f'{path}: {len(wrong)} {what}, the first: image id {min(wrong)}')
    outside = [(number, label) for number, label in labels.items() if label not in classes]
    if outside:
        number, label = outside[0]
        raise ValueError(
            f'{path} must have labels in 0..{count - 1}, but has {len(outside)} outside, the '
            f'first: category_id {label!r} of image id {number}'
        )
