"""Check output paths, so that a tool does not overwrite a file of another kind."""

import argparse
import json
import os
import stat
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

JSON_BYTES = 64 << 20  # a larger file was not written by a tool of this package
# pickled magic number of torch before 1.6
OLD_TORCH = b'\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.'


@dataclass(frozen=True)
class Kind:
    """A kind of file that tools write.

    Attributes:
        name (str): Its name in messages, with an article.
        endings (tuple[str, ...]): Allowed suffixes; the first is the usual one.
        matches (Callable): Function from the path of an existing file to whether its content is of
            this kind.
    """

    name: str
    endings: tuple[str, ...]
    matches: Callable[[Path], bool]


def add_force(parser: argparse.ArgumentParser) -> None:
    """Add the option that lets a tool replace a file of another kind."""
    parser.add_argument(
        '--force',
        action='store_true',
        help='overwrite the output even if it is another kind of file',
    )


def check_output(
    path: str | Path,
    kind: Kind,
    force: bool = False,
    name: str = '--out',
    source: str | Path | None = None,
) -> Path:
    """Check a path to write to, before anything is computed for it.

    Args:
        path (str | Path): File to write.
        kind (Kind): Kind of the file.
        force (bool): Allow to replace a link or a file of another kind, but not a folder or a
            device.
        name (str): Name of the argument in messages.
        source (str | Path, optional): A file that is read and must not be replaced.

    Returns:
        Path: ``path``.

    Raises:
        ValueError: If it has a wrong suffix, or is ``source``.
        FileExistsError: If it is a folder, a device, a link or a file of another kind.
        NotADirectoryError: If a file is in the place of one of its folders.
        PermissionError: If its folder is not writable.
    """
    path = Path(path)
    if not path.name.lower().endswith(kind.endings):
        raise ValueError(f'{name} must end in {" or ".join(kind.endings)}, got {path}')
    check_folder(path, name)
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return path
    if source is not None and _same(path, Path(source)):
        raise ValueError(f'{name} is the input file, {source}: name another one')
    if stat.S_ISLNK(mode):
        reason = f'is a link to {os.readlink(path)}: name that file, or replace the link'
    elif not stat.S_ISREG(mode):
        raise FileExistsError(
            f'{name} must be a file, but {path} is a folder, a pipe or a device: name another one'
        )
    elif not path.stat().st_size or kind.matches(path):
        return path
    else:
        reason = f'exists and is not {kind.name}: name another file, or replace it'
    if not force:
        raise FileExistsError(f'{name} {path} {reason} with --force (force=True in Python)')
    return path


def check_folder(path: Path, name: str) -> None:
    """Check that the folder of a file is writable, or can be created.

    Args:
        path (Path): File to write.
        name (str): Name of the argument in messages.

    Raises:
        NotADirectoryError: If a file is in the place of one of its folders.
        PermissionError: If the folder is not writable.
    """
    folder = next(each for each in path.absolute().parents if os.path.lexists(each))
    if not folder.is_dir():
        raise NotADirectoryError(f'{name} {path} cannot be written: {folder} is not a folder')
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(f'{name} {path} cannot be written: no permission for {folder}')


def _same(path: Path, other: Path) -> bool:
    return other.exists() and path.exists() and path.samefile(other)


def _starts_with(beginning: bytes) -> Callable[[Path], bool]:
    """Match a file by its first bytes, in any case."""

    def matches(path: Path) -> bool:
        with open(path, 'rb') as file:
            return file.read(len(beginning)).lower() == beginning

    return matches


def _page(path: Path) -> bool:
    """Match pages of this package by their policy, which blocks the network."""
    with open(path, 'rb') as file:
        head = file.read(1024).lower()
    return head.startswith(b'<!doctype html') and b'content-security-policy' in head


def _picture(path: Path) -> bool:
    beginning = b'%pdf' if path.suffix.lower() == '.pdf' else b'\x89png'
    return _starts_with(beginning)(path)


def _json(path: Path) -> bool:
    if path.stat().st_size > JSON_BYTES:
        return False
    try:
        return isinstance(json.loads(path.read_bytes()), dict | list)
    except (ValueError, RecursionError):
        return False


def _checkpoint(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as file:
            return any(name.endswith('data.pkl') for name in file.namelist())
    except (zipfile.BadZipFile, NotImplementedError):
        with open(path, 'rb') as file:
            return file.read(len(OLD_TORCH)) == OLD_TORCH


def _safetensors(path: Path) -> bool:
    with open(path, 'rb') as file:
        length, beginning = file.read(8), file.read(1)
    return int.from_bytes(length, 'little') < path.stat().st_size and beginning == b'{'


def _embeddings(path: Path) -> bool:
    """Match files that Embeddings.save writes, by the beginning that their suffix calls for."""
    if path.suffix.lower() != '.npz':
        beginning = b'par1' if path.suffix.lower() == '.parquet' else b'path,'
        return _starts_with(beginning)(path)
    try:
        with zipfile.ZipFile(path) as file:
            return {'paths.npy', 'vectors.npy'}.issubset(file.namelist())
    except (zipfile.BadZipFile, NotImplementedError):
        return False


PAGE = Kind('a neighbor page', ('.html', '.htm'), _page)
PICTURE = Kind('a PNG or PDF file', ('.png', '.pdf'), _picture)
JSON = Kind('JSON', ('.json',), _json)
REPORT = Kind('a report of benchmarks', ('.md',), _starts_with(b'# benchmarks: '))
LIST = Kind('a list of images', ('.txt',), lambda path: False)  # replaced only with force
CHECKPOINT = Kind('a checkpoint', ('.pth', '.pt', '.ckpt', '.tar', '.bin'), _checkpoint)
SAFETENSORS = Kind('a safetensors file', ('.safetensors',), _safetensors)
ONNX = Kind('an ONNX file', ('.onnx',), _starts_with(b'\x08'))  # its first field, a version
PT2 = Kind('a torch.export file', ('.pt2',), zipfile.is_zipfile)
CURATION = Kind('a table of images', ('.csv', '.parquet'), _embeddings)
EMBEDDINGS = Kind('a file of embeddings', ('.npz', '.parquet', '.csv'), _embeddings)
