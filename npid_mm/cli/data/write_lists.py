"""Write lists of images to files, without replacing existing ones unless --force is given."""

from pathlib import Path

from npid_mm.utils.atomic_io import write_atomic
from npid_mm.utils.output_files import LIST, check_output


def wanted(path: Path, force: bool) -> bool:
    """Return whether to write a list; print a line if not.

    Raises:
        OSError: If something other than a file is at ``path``, or it cannot be written.
    """
    if path.is_file() and not force:
        print(f'{path} exists: kept (--force replaces it)')
        return False
    check_output(path, LIST, force, path.stem)
    return True


def write_list(path: Path, entries: list[tuple[str, int]]) -> None:
    """Write a list atomically, and print its numbers of images and classes."""
    write_atomic(path, ''.join(f'{image} {label}\n' for image, label in entries))
    classes = len({label for _, label in entries})
    print(f'{path}: {len(entries):,} images of {classes:,} classes')
