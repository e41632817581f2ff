"""Run something that may not end, grow, or show memory that is not its own."""

import contextlib
import signal
from pathlib import Path

import torch

SECONDS = 10  # of the processor
GROWTH = 1 << 30  # bytes
SECRET = b'memory of this process, which is in no file. '


class TooLongError(BaseException):
    """Not to be taken for an error of what was run."""


@contextlib.contextmanager
def limited():
    """Fail what takes more time or memory; gives nothing.

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
    """Bytes, as Linux counts them for this process."""
    lines = Path('/proc/self/status').read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name))


def leave_secret() -> None:
    """Fill memory that is then free, so that a tensor which is not filled has the secret in it."""
    used = []
    for size in (16, 32, 64, 128, 256, 512, 1024, 4096):
        for _ in range(40):
            tensor = torch.empty(size, dtype=torch.uint8)
            tensor.numpy()[:] = memoryview((SECRET * size)[:size])
            used.append(tensor)


def shows_secret(data: bytes) -> bool:
    """Whether 15 bytes of the secret, from wherever on, are in ``data``."""
    return any(SECRET[start : start + 8] in data for start in range(0, len(SECRET) - 8, 8))
