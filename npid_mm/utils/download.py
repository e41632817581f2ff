"""Checkpoints from the network: whole, and what their name says, or not there at all."""

import hashlib
import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import torch
from filelock import FileLock
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from .download_part import Part
from .download_transfer import CHUNK, DownloadError, fetch

OPENMMLAB = 'https://download.openmmlab.com'
MIRROR = 'NPID_MM_MIRROR'
# of the sha256, before the suffix: npid_..._20220825-a67c5440.pth
DIGITS = re.compile(r'-([0-9a-f]{8,64})\.[a-z]+$')


def cache_folder() -> Path:
    """Where MMEngine and torch look for files that they fetched before (``TORCH_HOME``)."""
    return Path(torch.hub.get_dir()) / 'checkpoints'


def mirrored(url: str) -> str:
    """The address to ask: :data:`OPENMMLAB` is replaced by the variable ``NPID_MM_MIRROR``.

    Raises:
        ValueError: The variable is no http or https address.
    """
    mirror = os.environ.get(MIRROR, '').rstrip('/')
    if not mirror or not url.startswith(f'{OPENMMLAB}/'):
        return url
    if not mirror.startswith(('http://', 'https://')):
        raise ValueError(
            f'{MIRROR} must be the http or https address that takes the place of {OPENMMLAB}, '
            f'got {mirror!r}'
        )
    return mirror + url.removeprefix(OPENMMLAB)


def download(url: str, folder: str | Path | None = None) -> Path:
    """Fetch a checkpoint, unless it is there, and check the digits of its sha256 in its name.

    A download that was broken off goes on where it stopped. Several processes may ask for the
    same file: one fetches it, the others wait. Under its final name the file is whole.

    Args:
        url (str): An http or https address, whose last part names the file. A file whose name has
            no digits is not checked, and nothing but its address tells it from others of that
            name.
        folder (str | Path, optional): Where to put it, :func:`cache_folder` by default; without
            digits a folder there that belongs to the address.

    Returns:
        Path: The file.

    Raises:
        ValueError: ``url`` is no such address, or ``NPID_MM_MIRROR`` is none.
        DownloadError: The file could not be fetched, or is not what its name says, or its name
            has no digits and is taken in ``folder``, or a file is where ``folder`` should be.
    """
    name = unquote(urlsplit(url).path).rpartition('/')[2]
    if not url.startswith(('http://', 'https://')) or name in ('', '.', '..'):
        raise ValueError(f'url must be an http or https address of a file, got {url!r}')
    source = mirrored(url)
    of_address = not folder and not digits_of(name)
    target = Path(folder or (_folder_of(url) if of_address else cache_folder())) / name
    _make_folder(target.parent)
    if _is_there(target, of_address):
        return target
    lock = Path(f'{target}.lock')
    with FileLock(lock):
        try:
            if not _is_there(target, of_address):  # another process may have been first
                _fetch_checked(source, target)
        finally:
            # while it is held: a lock on a file without a name counts for nobody
            lock.unlink(missing_ok=True)
    return target


def sha256(path: str | Path) -> str:
    """The sha256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _folder_of(url: str) -> Path:
    """A folder of the cache for this address alone."""
    return cache_folder() / hashlib.sha256(url.encode()).hexdigest()[:16]


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise DownloadError(
            f'the folder to download into (--out) cannot be {folder}: a file is in its place or '
            'above it'
        ) from error


def _is_there(target: Path, of_address: bool) -> bool:
    """Whether the file is there, and what its name says, or in the folder of its address."""
    digits = digits_of(target.name)
    if not target.is_file() or of_address:
        return target.is_file()
    if not digits:
        raise DownloadError(
            f'{target} is there already, and without digits of a sha256 its name does not tell '
            'whether it is the same file. Use it, remove it, or give another folder (--out)'
        )
    return sha256(target).startswith(digits)


def digits_of(name: str) -> str:
    """The digits of the sha256 in a file's name, or ''."""
    found = DIGITS.search(name)
    return found[1] if found else ''


def _fetch_checked(source: str, target: Path) -> None:
    """Fetch into a file beside ``target`` and rename it once it is right."""
    digits = digits_of(target.name)
    part = Part(target.with_name(f'{target.name}.part'), source, checked=bool(digits))
    resumed = part.kept
    _fetch_shown(part, target.name)
    found = sha256(part.path)
    if resumed and not found.startswith(digits):  # its beginning may be of another file
        part.path.unlink()
        _fetch_shown(part, target.name)
        found = sha256(part.path)
    if not found.startswith(digits):
        part.path.unlink()
        raise DownloadError(
            f'{source} is not what its name says: its sha256 must begin with {digits}, but begins '
            f'with {found[:8]}. Nothing was kept; try again, or another mirror ({MIRROR}). '
            'A date of 8 digits at the end of a name is taken for a sha256 as well: fetch such a '
            'file in another way'
        )
    part.finish(target)


def _fetch_shown(part: Part, name: str) -> None:
    """Fetch with a progress bar on the terminal, if there is one."""
    console = Console(stderr=True, markup=False, emoji=False)
    console.print(f'fetching {part.url} to {part.path.parent}', highlight=False, soft_wrap=True)
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(
        TextColumn('{task.description}', markup=False),
        *columns,
        console=console,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task(name, total=None)
        fetch(part, lambda done, of: progress.update(task, completed=done, total=of))
