"""Work that the processes of one test run share."""

from collections.abc import Callable
from pathlib import Path

from filelock import FileLock
from pytest import TempPathFactory


def once(factory: TempPathFactory, name: str, fill: Callable[[Path], object]) -> Path:
    """Return a folder that is filled by the first process of a test run that asks for it.

    Args:
        factory (TempPathFactory): pytest's fixture.
        name (str): Name of the folder.
        fill (Callable): Is called with the folder, which does not exist yet.
    """
    base = factory.getbasetemp()
    if base.name.startswith('popen-'):  # of one of several processes
        base = base.parent
    folder, done = base / 'shared' / name, base / f'shared/{name}.done'
    done.parent.mkdir(exist_ok=True)
    with FileLock(f'{folder}.lock'):
        if not done.exists():
            fill(folder)
            done.touch()
    return folder
