"""Limit time and memory of a block, and detect exposed memory."""

import contextlib
import signal
from pathlib import Path

import torch

SECONDS = 10  # of the processor
GROWTH = 1 << 30  # bytes
SECRET = b'memory of this process, which is in no file. '


class TooLongError(BaseException):
    """Time limit exceeded; not an Exception, so that the block cannot catch it."""


@contextlib.contextmanager
def limited():
    """Fail a block that takes more time or memory.

    The time is the processor's, so that other work on the machine does not count. Code in C that
    does not come back to Python within another while ends the whole run of the tests.
    """

    def stop(*_):
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, 6 * SECONDS)
        raise TooLongError(f'it took over {SECONDS} s')

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    Path('/proc/self/clear_refs').write_text('5')  # the peak starts here
    start = _status('VmRSS')
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    grown = _status('VmHWM') - start
    assert grown < GROWTH, f'it grew by {grown:,} bytes'


def _status(name: str) -> int:
    """Return an entry of /proc/self/status in bytes."""
    lines = Path('/proc/self/status').read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name))


def leave_secret() -> None:
    """Fill and free memory, so that an uninitialized tensor would hold the secret."""
    used = []
    for size in (16, 32, 64, 128, 256, 512, 1024, 4096):
        for _ in range(40):
            tensor = torch.empty(size, dtype=torch.uint8)
            tensor.numpy()[:] = memoryview((SECRET * size)[:size])
            used.append(tensor)


def shows_secret(data: bytes) -> bool:
    """Tell whether any 15 consecutive bytes of the secret are in ``data``."""
    return any(SECRET[start : start + 8] in data for start in range(0, len(SECRET) - 8, 8))
