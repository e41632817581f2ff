"""A file over HTTP that survives cut connections: what has come stays, and the rest follows."""

import os
import re
import time
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from ssl import SSLError
from urllib.error import HTTPError, URLError
from urllib.request import Request, build_opener

ATTEMPTS = 4
PAUSE = 1.0  # seconds before the second attempt; each later one waits twice as long
TIMEOUT = 30.0  # seconds without a byte
CHUNK = 1 << 20
PASSING = (408, 429, 500, 502, 503, 504)  # answers of a server that may do better later
RANGE_REFUSED = 416
NETWORK = (HTTPException, URLError, SSLError, TimeoutError, ConnectionError)  # not a full disk

Progress = Callable[[int, int | None], None]


class DownloadError(OSError):
    """A file could not be fetched, or is not what its name says."""


def fetch(url: str, part: Path, on_progress: Progress) -> None:
    """Bring ``part`` to the whole of ``url``, from where it ends.

    Proxies are those of the environment (``https_proxy``, ``no_proxy``). A server that does not
    know ranges starts from the beginning.

    Args:
        url (str): An http or https address.
        part (Path): Grows at its end; stays when this fails.
        on_progress (Callable): Gets the bytes so far and their number in the end, which is None
            where the server does not say.

    Raises:
        DownloadError: The server has no such file, or cannot be reached, or breaks off in
            :data:`ATTEMPTS` attempts that bring nothing new.
    """
    failed = 0
    while True:
        before = _size(part)
        try:
            _fetch_once(url, part, on_progress)
            return
        except HTTPError as error:
            if error.code not in PASSING:
                raise DownloadError(f'{url}: {error.code} {error.reason}') from error
            reason = f'{error.code} {error.reason}'
        except NETWORK as error:
            reason = getattr(error, 'reason', None) or error
        failed = 1 if _size(part) > before else failed + 1
        if failed == ATTEMPTS:
            raise DownloadError(_unreachable(url, reason, part))
        time.sleep(PAUSE * 2 ** (failed - 1))


def _fetch_once(url: str, part: Path, on_progress: Progress) -> None:
    """One connection: append to ``part`` until the end, or raise what broke it off."""
    have = _size(part)
    try:
        response = _open(url, have)
    except HTTPError as error:
        if error.code != RANGE_REFUSED:
            raise
        if error.headers.get('Content-Range') == f'bytes */{have}':
            return  # all of it has come
        part.unlink()
        response, have = _open(url, 0), 0
    with response:
        start, total = _extent(response, have)
        with open(part, 'r+b' if start else 'wb') as file:
            file.seek(start)
            done = start
            on_progress(done, total)
            while chunk := response.read1(CHUNK):
                file.write(chunk)
                done += len(chunk)
                on_progress(done, total)
            file.flush()
            os.fsync(file.fileno())
    if total is not None and done != total:
        raise ConnectionError(f'the connection ended after {done:,} of {total:,} bytes')


def _open(url: str, start: int) -> HTTPResponse:
    """Ask for a file from byte ``start`` on."""
    headers = {'User-Agent': 'npid_mm'}  # some servers refuse that of urllib
    if start:
        headers['Range'] = f'bytes={start}-'
    # urlopen would keep to the proxies of its first call
    return build_opener().open(Request(url, headers=headers), timeout=TIMEOUT)


def _extent(response: HTTPResponse, have: int) -> tuple[int, int | None]:
    """Where a response starts in the file, and how long the file is if the server says so."""
    if response.status == 206:
        given = response.headers.get('Content-Range', '')
        span = re.fullmatch(r'bytes (\d+)-\d+/(\d+)', given)
        if span is None or int(span[1]) != have:
            raise ConnectionError(f'asked for the bytes from {have:,} on, got {given!r}')
        return have, int(span[2])
    length = response.headers.get('Content-Length')
    return 0, int(length) if length else None


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _unreachable(url: str, reason: object, part: Path) -> str:
    have = _size(part)
    kept = f'; {have:,} bytes are kept, and the same command goes on from there' if have else ''
    return (
        f'cannot fetch {url}: {reason}{kept}. Check the connection and https_proxy, or fetch the '
        f'file elsewhere and put it into {part.parent}'
    )
