"""Download checkpoints, and check the SHA-256 digits in their names."""

import errno
import hashlib
import os
import re
import shutil
import sys
import time
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import Request, build_opener

import torch
from filelock import FileLock
from rich.console import Console
from rich.progress import wrap_file

from .atomic_io import atomic_path
from .hashing import file_sha256
from .output_files import check_folder

OPENMMLAB, MIRROR = 'https://download.openmmlab.com', 'NPID_MM_MIRROR'
DIGITS = re.compile(r'-([0-9a-f]{8,64})\.[a-z]+$')  # npid_..._20220825-a67c5440.pth
ATTEMPTS, PAUSE, TIMEOUT = 4, 1.0, 30.0  # seconds before an attempt, and without a byte
BUSY = (408, 429, 500, 502, 503, 504)  # HTTP statuses worth retrying
# some servers reject the default name of urllib, or compress unless told not to
HEADERS = {'User-Agent': 'npid_mm', 'Accept-Encoding': 'identity'}


class DownloadError(OSError):
    """A file could not be downloaded, or does not match the hash in its name."""


def cache_folder() -> Path:
    """Return the folder where MMEngine and torch keep downloads (``TORCH_HOME``)."""
    return Path(torch.hub.get_dir()) / 'checkpoints'


def digits_of(name: str) -> str:
    """Return the SHA-256 digits in a file name, or ''."""
    return found[1] if (found := DIGITS.search(name)) else ''


def mirrored(url: str) -> str:
    """Replace :data:`OPENMMLAB` in a URL by the URL in ``NPID_MM_MIRROR``."""
    mirror = os.environ.get(MIRROR, '').rstrip('/')
    if mirror and not mirror.startswith(('http://', 'https://')):
        raise ValueError(f'{MIRROR} must be an http or https URL, got {mirror!r}')
    if mirror and url.startswith(f'{OPENMMLAB}/'):
        return mirror + url.removeprefix(OPENMMLAB)
    return url


def download(url: str, folder: str | Path | None = None) -> Path:
    """Download a file, unless it exists, and check the SHA-256 digits in its name.

    Of several processes that ask for the same file, one downloads it and the others wait.

    Args:
        url (str): An http or https URL that ends in the name of a file.
        folder (str | Path, optional): Where to put it. The default is :func:`cache_folder`, for a
            name without digits a folder in it that belongs to the URL.

    Returns:
        Path: The file. It appears when it is complete and checked.

    Raises:
        ValueError: If ``url`` or ``NPID_MM_MIRROR`` is not an http or https URL.
        DownloadError: If the file cannot be downloaded, does not match the hash in its name, or is
            in ``folder`` already and has a name without digits.
    """
    name = unquote(urlsplit(url).path).rpartition('/')[2]
    if not url.startswith(('http://', 'https://')) or name in ('', '.', '..'):
        raise ValueError(f'url must be an http or https URL of a file, got {url!r}')
    source, digits = mirrored(url), digits_of(name)
    own = '' if digits else hashlib.sha256(url.encode()).hexdigest()[:16]
    target = Path(folder or cache_folder() / own) / name
    check_folder(target, '--out')
    target.parent.mkdir(parents=True, exist_ok=True)
    if folder and not digits and target.is_file():
        raise DownloadError(
            f'{target} exists, and its name has no digits of a SHA-256 to check it by: use it, '
            'remove it, or give another folder (--out)'
        )
    lock = Path(f'{target}.lock')
    with FileLock(lock):
        try:
            if not (target.is_file() and file_sha256(target).startswith(digits)):
                _fetch(source, target)
        finally:
            lock.unlink(missing_ok=True)  # while it is held: waiting processes notice
    return target


def _fetch(url: str, target: Path) -> None:
    """Download and check a file; where the network fails, from scratch in the next attempt."""
    for attempt in range(ATTEMPTS):
        time.sleep(PAUSE * attempt)
        try:
            with atomic_path(target) as unfinished:
                return _fetch_once(url, unfinished, target.name)
        except (OSError, HTTPException) as error:
            if isinstance(error, DownloadError) or getattr(error, 'errno', None) == errno.ENOSPC:
                raise
            reason = error
            if isinstance(error, HTTPError) and error.code not in BUSY:
                break
    raise DownloadError(
        f'cannot download {url}: {reason}. Check the connection and https_proxy, or download the '
        f'file elsewhere and put it into {target.parent}'
    )


def _fetch_once(url: str, path: Path, name: str) -> None:
    print(f'downloading {url}', file=sys.stderr)
    # urlopen would keep the proxies of its first call
    with build_opener().open(Request(url, headers=HEADERS), timeout=TIMEOUT) as response:
        encoding = response.headers.get('Content-Encoding', '').strip().lower()
        length, free = response.length or 0, shutil.disk_usage(path.parent).free
        if encoding not in ('', 'identity'):
            raise DownloadError(f'{url} is compressed (Content-Encoding: {encoding:.40})')
        if not 0 < length <= free:
            raise DownloadError(
                f'{url}: the server must send a Content-Length from 1 to the {free:,} bytes that '
                f'are free, got {length:,}'
            )
        console = Console(stderr=True)
        shown = wrap_file(
            response, length, console=console, disable=not console.is_terminal, description=''
        )
        with shown as source, open(path, 'wb') as file:
            shutil.copyfileobj(source, file)
    if path.stat().st_size < length:  # urllib does not say so
        raise ConnectionError(f'it ended after {path.stat().st_size:,} of {length:,} bytes')
    found, digits = file_sha256(path), digits_of(name)
    if not found.startswith(digits):
        raise DownloadError(
            f'{url} is not what its name says: its SHA-256 must begin with {digits}, but begins '
            f'with {found[:8]}. Try again, or another mirror ({MIRROR}). A date of 8 digits at the '
            'end of a name is taken for a SHA-256 too: download such a file in another way'
        )
