"""A folder of images of one's own, split into training and held-out lists."""

from pathlib import Path

EXTENSIONS = ('.jpg', '.jpeg', '.png', '.ppm', '.bmp', '.pgm', '.tif', '.tiff', '.webp')


def split_folder(folder: str | Path, out: str | Path, every: int = 5) -> list[str]:
    """Write ``train.txt`` and ``val.txt``, lists of a folder's images, to ``out``.

    With images in at least two class subfolders, and none beside them, a line is ``path label``;
    otherwise only ``path``. Every ``every``-th image of each class, in the order of the names, is
    held out in ``val.txt``. If ``folder`` has subfolders ``train`` and ``val``, they are the split.

    Args:
        folder (str | Path): Where the images are.
        out (str | Path): Folder for the two lists.
        every (int): Held-out share, one in ``every``.

    Returns:
        list[str]: Class names in the order of the labels; empty without labels.

    Raises:
        FileNotFoundError: There is no such folder, or no image in it.
        ValueError: There is only one image.
    """
    folder, out = Path(folder).resolve(), Path(out)
    images = {root.name: _images(root) for root in _given_split(folder)}
    paths = sum(images.values(), []) or _images(folder)
    labels = dict(zip(paths, folder_labels(paths, folder), strict=True))
    classes = sorted({label for label in labels.values() if label is not None})
    if not images:
        if len(paths) < 2:
            raise ValueError(f'a split needs at least 2 images, {folder} has {len(paths)}')
        images = _hold_out(labels, every)
    out.mkdir(parents=True, exist_ok=True)
    for name, found in images.items():
        lines = []
        for path in found:
            line = Path(path).relative_to(folder).as_posix()
            lines.append(f'{line} {classes.index(labels[path])}' if classes else line)
        (out / f'{name}.txt').write_text('\n'.join(lines) + '\n')
    return classes


def find_images(folder: str | Path) -> list[str]:
    """Absolute paths of all images in a folder and its subfolders, folder by folder in order.

    Raises:
        FileNotFoundError: There is no such folder, or no image in it.
    """
    return _images(Path(folder).resolve())


def _images(root: Path) -> list[str]:
    if not root.is_dir():
        raise FileNotFoundError(f'no folder of images at {root}')
    found = sorted(
        path for path in root.rglob('*') if path.suffix.lower() in EXTENSIONS and path.is_file()
    )
    if not found:
        raise FileNotFoundError(
            f'no image in {root}: looked for {", ".join(EXTENSIONS)} in it and its subfolders'
        )
    return list(map(str, found))


def folder_labels(paths: list[str], folder: str | Path) -> list[str | None]:
    """The class of each image: the subfolder of ``folder`` that it lies in, at any depth.

    Where ``folder`` has subfolders ``train`` and ``val``, theirs are the classes, and other images
    have none. There are classes where the images lie in at least two such subfolders, and none
    beside them.

    Args:
        paths (list[str]): Paths that begin with ``folder``.
        folder (str | Path): The folder that the user named.

    Returns:
        list[str | None]: A name for each image, or None.
    """
    skipped = {each.name for each in _given_split(Path(folder))}
    names = []
    for path in paths:
        first, *behind = Path(path).relative_to(folder).parts
        if first in skipped:
            first, *behind = behind
        elif skipped:
            first = None
        names.append(first if behind or first is None else '')  # '': beside the subfolders
    classes = set(names) - {None}
    return names if len(classes) > 1 and '' not in classes else [None] * len(paths)


def _given_split(folder: Path) -> list[Path]:
    """The subfolders train and val, if there are both."""
    given = [folder / name for name in ('train', 'val')]
    return given if all(each.is_dir() for each in given) else []


def _hold_out(labels: dict[str, str | None], every: int) -> dict[str, list[str]]:
    """Hold out every ``every``-th image of each class; at least one image stays on each side."""
    split = {'train': [], 'val': []}
    groups = {}
    for path, label in labels.items():
        groups.setdefault(label, []).append(path)
    for group in groups.values():
        for position, path in enumerate(group):
            split['val' if position % every == every - 1 else 'train'].append(path)
    if not split['val']:
        split['val'] = [split['train'].pop()]
    return split
