"""Lists of images as files that a tool writes and never replaces unasked."""

from pathlib import Path

from npid_mm.utils.atomic_io import write_atomic
from npid_mm.utils.outputs import LIST, check_output


def wanted(path: Path, force: bool) -> bool:
    """Return whether to write a list, and say so if not.

    Raises:
        OSError: Its place is taken by something else than a file, or it cannot be written.
    """
    if path.is_file() and not force:
        print(f'{path} is there already: kept (--force replaces it)')
        return False
    check_output(path, LIST, force, path.stem)
    return True


def write_list(path: Path, entries: list[tuple[str, int]]) -> None:
    """Write a list whole, or not at all, and say what it has."""
    write_atomic(path, ''.join(f'{image} {label}\n' for image, label in entries))
    classes = len({label for _, label in entries})
    print(f'{path}: {len(entries):,} images of {classes:,} classes')
