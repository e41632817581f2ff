"""Check the folder of a new index."""

from pathlib import Path

from npid_mm.utils.atomic_io import UNFINISHED
from npid_mm.utils.paths import check_path

from .metadata import ENCODER, LOCK, META, PREPROCESSING


def check_new(folder: str | Path) -> None:
    """Refuse to create an index among other files.

    Raises:
        FileExistsError: If the folder holds other files, or is a file.
        ValueError: If its path is not UTF-8.
    """
    own = {LOCK, META + UNFINISHED, ENCODER, PREPROCESSING}
    folder = Path(folder)
    check_path(folder, 'the index')
    if folder.exists() and not folder.is_dir():
        what = 'is a file'
    elif folder.exists() and not {path.name for path in folder.iterdir()} <= own:
        what = 'holds other files'
    else:
        return
    raise FileExistsError(
        f'{folder} must be an index or an empty folder, but it {what}: name another folder'
    )
