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
    folder, out = Path(folder), Path(out)
    if not folder.is_dir():
        raise FileNotFoundError(f'no folder of images at {folder}')
    given = [name for name in ('train', 'val') if (folder / name).is_dir()]
    roots = {name: folder / name for name in given} if len(given) == 2 else {'all': folder}
    images = {name: _images(root) for name, root in roots.items()}
    for name, found in images.items():
        if not found:
            raise FileNotFoundError(
                f'no image in {roots[name]}: looked for {", ".join(EXTENSIONS)} in it and its '
                'subfolders'
            )
    classes = _classes(images)
    if 'all' in images:
        if len(images['all']) < 2:
            raise ValueError(f'a split needs at least 2 images, {folder} has {len(images["all"])}')
        images = _hold_out(images['all'], classes, every)
        roots = dict.fromkeys(images, folder)
    out.mkdir(parents=True, exist_ok=True)
    for name, paths in images.items():
        lines = []
        for path in paths:
            line = (roots[name] / path).relative_to(folder).as_posix()
            lines.append(f'{line} {classes.index(path.parts[0])}' if classes else line)
        (out / f'{name}.txt').write_text('\n'.join(lines) + '\n')
    return classes


def _images(root: Path) -> list[Path]:
    """All images below ``root``, relative to it, sorted."""
    return sorted(
        path.relative_to(root)
        for path in root.rglob('*')
        if path.suffix.lower() in EXTENSIONS and path.is_file()
    )


def _classes(images: dict[str, list[Path]]) -> list[str]:
    """Names of the class subfolders; none if an image lies outside one or there is only one."""
    paths = [path for found in images.values() for path in found]
    names = sorted({path.parts[0] for path in paths})
    labelled = all(len(path.parts) > 1 for path in paths) and len(names) > 1
    return names if labelled else []


def _hold_out(paths: list[Path], classes: list[str], every: int) -> dict[str, list[Path]]:
    """Hold out every ``every``-th image of each class; at least one image stays on each side."""
    split = {'train': [], 'val': []}
    groups = {}
    for path in paths:
        groups.setdefault(path.parts[0] if classes else '', []).append(path)
    for group in groups.values():
        for position, path in enumerate(group):
            split['val' if position % every == every - 1 else 'train'].append(path)
    if not split['val']:
        split['val'] = [split['train'].pop()]
    return split
