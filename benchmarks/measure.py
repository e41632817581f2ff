"""Measure time and memory, in a benchmark and in its peer's interpreter; needs torch alone."""

import ctypes
import gc
import time
from collections.abc import Callable
from pathlib import Path

import torch


def seconds(step: Callable, device: str) -> float:
    """Wall time of one call, including its work on the device."""
    _wait(device)
    start = time.perf_counter()
    step()
    _wait(device)
    return time.perf_counter() - start


def extra_megabytes(step: Callable, device: str) -> float:
    """Peak memory of one call above the memory held before it, in MB.

    On a CPU it is the resident size of the process, whose peak Linux resets on request. Unused
    memory of earlier calls is returned to the system first.
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
    """Bytes in a field of the process status, which Linux writes in kB."""
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith(field + ':'):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f'/proc/self/status has no {field}')
