"""What a benchmark and its peer in another interpreter measure with: torch and the clock only."""

import ctypes
import gc
import time
from collections.abc import Callable
from pathlib import Path

import torch


def seconds(step: Callable, device: str) -> float:
    """Wall time of one call, all work on the device included."""
    _wait(device)
    start = time.perf_counter()
    step()
    _wait(device)
    return time.perf_counter() - start


def extra_megabytes(step: Callable, device: str) -> float:
    """Memory that one call takes at its peak on top of what is held before it, in MB.

    On the CPU from the resident size of the process, whose peak Linux resets on request, after
    handing memory that earlier calls left behind back to the system.
    """
    gc.collect()
    if torch.device(device).type != 'cpu':
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        seconds(step, device)
        return (torch.cuda.max_memory_allocated(device) - before) / 1e6
    ctypes.CDLL(None).malloc_trim(0)
    Path('/proc/self/clear_refs').write_text('5')
    before = _resident('VmRSS')
    step()
    return (_resident('VmHWM') - before) / 1e6


def _wait(device: str) -> None:
    if torch.device(device).type != 'cpu':
        torch.cuda.synchronize(device)


def _resident(field: str) -> int:
    """Bytes under a field of the process' status, where Linux writes kB."""
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith(field + ':'):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f'/proc/self/status has no {field}')
