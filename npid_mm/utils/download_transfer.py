"""A file over HTTP that survives cut connections: what has come stays, and the rest follows."""

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from urllib.error import HTTPError
from urllib.request import Request, build_opener

from .download_part import Origin, Part

ATTEMPTS = 4
PAUSE = 1.0  # seconds before the second attempt; each later one waits twice as long
TIMEOUT = 30.0  # seconds without a byte
CHUNK = 1 << 20
PASSING = (408, 429, 500, 502, 503, 504)  # answers of a server that may do better later
RANGE_REFUSED = 416
LIMIT = 64 << 30  # bytes of a file whose length the server does not say

Progress = Callable[[int, int | None], None]


class DownloadError(OSError):
    """A file could not be fetched, or is not what its name says."""


def fetch(part: Part, on_progress: Progress) -> None:
    """Bring ``part`` to the whole of its file, from where it ends.

    Proxies are those of the environment (``https_proxy``, ``no_proxy``). A server that does not
    know ranges starts from the beginning.

    Args:
        part (Part): Grows at its end; stays when this fails.
        on_progress (Callable): Gets the bytes so far and their number in the end, which is None
            where the server does not say.

    Raises:
        DownloadError: The server has no such file, or sends it packed, empty, without an end or
            larger than the disk, or cannot be reached, or breaks off in
            :data:`ATTEMPTS` attempts that bring nothing new, or nothing would tell the end of the
            file from a connection that breaks off.
    """
    failed, most = 0, part.kept
    while True:
        try:
            _fetch_once(part, on_progress)
            return
        except HTTPError as error:
            if error.code not in PASSING:
                raise DownloadError(f'{part.url}: {error.code} {error.reason}') from error
            reason = f'{error.code} {error.reason}'
        except ConnectionError as error:
            reason = error
        # what a server without ranges brings a second time is nothing new
        failed = 1 if part.kept > most else failed + 1
        most = max(most, part.kept)
        if failed == ATTEMPTS:
            raise DownloadError(_unreachable(part, reason))
        time.sleep(PAUSE * 2 ** (failed - 1))


def _fetch_once(part: Part, on_progress: Progress) -> None:
    """One connection: append to ``part`` until the end, or raise what broke it off."""
    have = part.kept
    try:
        response = _open(part, have)
    except HTTPError as error:
        if error.code != RANGE_REFUSED:
            raise
        if part.checked and error.headers.get('Content-Range') == f'bytes */{have}':
            return  # all of it has come
        response, have = _open(part, 0), 0
    with response:
        _check_plain(part, response)
        start, total = _extent(response, have)
        _check_room(part, start, total)
        origin = Origin(part.url, _validator(response), total)
        if start and not part.goes_on_with(origin):
            part.path.unlink()
            raise ConnectionError('the file has changed on the server')
        if total is None and not response.chunked and not part.checked:
            raise DownloadError(
                f'{part.url}: the server names no length and the file no digits of its sha256, so '
                'that nothing tells its end from a connection that breaks off. Fetch it in '
                f'another way and put it into {part.path.parent}'
            )
        if not start:
            part.start(origin)
        with open(part.path, 'r+b' if start else 'wb') as file:
            file.seek(start)
            done = start
            on_progress(done, total)
            while chunk := _read(response):
                file.write(chunk)
                done += len(chunk)
                if total is None and done > LIMIT:
                    raise _refused(part, f'does not end within {LIMIT:,} bytes')
                on_progress(done, total)
            file.flush()
            os.fsync(file.fileno())
    if total is not None and done != total:
        raise ConnectionError(f'the connection ended after {done:,} of {total:,} bytes')
    if not done:
        raise _refused(part, 'is empty')


def _check_plain(part: Part, response: HTTPResponse) -> None:
    """Refuse a file that is packed for its transport: it would be kept packed."""
    encoding = response.headers.get('Content-Encoding', 'identity').strip().lower()
    if encoding not in ('', 'identity'):
        raise _refused(part, f'comes packed (Content-Encoding: {encoding[:40]})')


def _check_room(part: Part, start: int, total: int | None) -> None:
    """Refuse a file that the disk has no room for."""
    free = shutil.disk_usage(part.path.parent).free
    if total is not None and total - start > free:
        raise _refused(part, f'has {total:,} bytes, and the disk has room for {free:,}')


def _refused(part: Part, reason: str) -> DownloadError:
    """Drop what has come of a file that is not what was asked for."""
    part.path.unlink(missing_ok=True)
    part.note.unlink(missing_ok=True)
    return DownloadError(
        f'{part.url} {reason}. Nothing was kept; fetch the file in another way and put it into '
        f'{part.path.parent}'
    )


@contextmanager
def _network() -> Iterator[None]:
    """Tell the network's troubles, which may pass, from those of the disk and from answers.

    Raises:
        ConnectionError: In the place of all of them, as some are plain OSErrors.
    """
    try:
        yield
    except HTTPError:
        raise
    except (OSError, HTTPException) as error:
        raise ConnectionError(getattr(error, 'reason', None) or error) from error


def _open(part: Part, start: int) -> HTTPResponse:
    """Ask for a file from byte ``start`` on."""
    # some servers refuse the name of urllib, and pack what they are not asked not to
    headers = {'User-Agent': 'npid_mm', 'Accept-Encoding': 'identity'}
    if start:
        headers['Range'] = f'bytes={start}-'
        if not part.checked:
            headers['If-Range'] = part.origin.validator
    with _network():
        # urlopen would keep to the proxies of its first call
        return build_opener().open(Request(part.url, headers=headers), timeout=TIMEOUT)


def _read(response: HTTPResponse) -> bytes:
    """What comes next, b'' at the end."""
    with _network():
        return response.read1(CHUNK)


def _validator(response: HTTPResponse) -> str:
    """What tells this version of a file from others, by the header that If-Range may name."""
    etag = response.headers.get('ETag', '')
    weak = etag.startswith('W/')
    return (not weak and etag) or response.headers.get('Last-Modified', '')


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


def _unreachable(part: Part, reason: object) -> str:
    have = part.kept
    kept = f'; {have:,} bytes are kept, and the same command goes on from there' if have else ''
    return (
        f'cannot fetch {part.url}: {reason}{kept}. Check the connection and https_proxy, or fetch '
        f'the file elsewhere and put it into {part.path.parent}'
    )
