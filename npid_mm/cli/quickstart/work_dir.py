"""Record which images the work dir of a quickstart belongs to."""

import json
from pathlib import Path

from npid_mm.utils.atomic_io import write_atomic
from npid_mm.utils.paths import check_path

RECORD = 'quickstart.json'


def check_work_dir(work_dir: Path, root: Path, configs: list[str]) -> None:
    """Check that a work dir is empty or of the same images, without reading a config in it.

    Args:
        work_dir (Path): Folder of the run.
        root (Path): Folder of its images.
        configs (list[str]): Names of the configs that a quickstart writes into a work dir.

    Raises:
        ValueError: If ``work_dir`` has a run on other images, or is below ``root``; or if a path
            is not UTF-8, as a config cannot hold it.
    """
    work_dir, root = work_dir.resolve(), root.resolve()
    check_path(work_dir, '--work-dir')
    check_path(root, 'the folder of images')
    if work_dir.is_relative_to(root):
        raise ValueError(
            f'--work-dir must be outside the folder of images, got {work_dir} in {root}: the next '
            'run would train on its pictures'
        )
    before = _recorded_root(work_dir)
    if before is None and any((work_dir / name).exists() for name in configs):
        before = 'an unknown folder'
    if before not in (None, str(root)):
        raise ValueError(
            f'{work_dir} holds a run on the images of {before}, not of {root}: name another '
            'folder with --work-dir, or remove this one'
        )


def record_images(work_dir: Path, root: Path) -> None:
    """Record in a work dir which images it belongs to."""
    text = json.dumps({'images': str(root.resolve())})
    write_atomic(work_dir / RECORD, text + '\n')


def _recorded_root(work_dir: Path) -> str | None:
    """Return the recorded folder of the images of a work dir, if there is one."""
    path = work_dir / RECORD
    if not path.is_file():
        return None
    try:
        root = json.loads(path.read_text(encoding='utf-8'))['images']
    except (ValueError, KeyError, TypeError, RecursionError):
        root = None
    if not isinstance(root, str):
        raise ValueError(f'{path} is damaged: remove it, or name another folder with --work-dir')
    return root
