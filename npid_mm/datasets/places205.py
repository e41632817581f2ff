"""Read Places205's official lists, with paths relative to the data set's folder."""

from pathlib import Path

from npid_mm.datasets.image_folders.image_list import read_image_list

CLASSES = 205
# folder in the archive imagesPlaces205_resize.tar.gz
IMAGES = 'data/vision/torralba/deeplearning/images256'


def places205_list(root: str | Path, split: str, images: str = IMAGES) -> list[tuple[str, int]]:
    """(path, label) of ``root/trainvalsplit_places205/<split>_places205.csv``, in its order.

    Args:
        root (str | Path): The data set.
        split (str): 'train' or 'val'.
        images (str): Folder below ``root`` that the paths of the official list start from.

    Raises:
        FileNotFoundError: If the official list or its first image is missing.
        ValueError: If a line is not `path label`, a label is outside 0..204, or the list is empty.
    """
    root = Path(root)
    path = root / f'trainvalsplit_places205/{split}_places205.csv'
    if not path.is_file():
        raise FileNotFoundError(f'no file {path}: unpack trainvalsplit_places205.tar.gz in {root}')
    entries = read_image_list(path)
    if not entries:
        raise ValueError(f'{path} is empty: unpack trainvalsplit_places205.tar.gz again')
    for number, (_, label) in enumerate(entries, 1):
        if label >= CLASSES:
            raise ValueError(
                f'{path} must have labels in 0..{CLASSES - 1}, got {label} in line {number}'
            )
    first = entries[0][0]
    if not (root / images / first).is_file():
        raise FileNotFoundError(
            f'{path} starts with {first}, which is not in {root / images}: unpack '
            f'imagesPlaces205_resize.tar.gz in {root}, or say with --images where they are'
        )
    return [(f'{images}/{image}', label) for image, label in entries]
