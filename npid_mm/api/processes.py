"""The processes that load images, and the device that a Runner computes on."""

import ast
import logging
import multiprocessing
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import mmengine.device.utils as mmengine_device
import torch
from mmengine.logging import print_log

SCRIPT = (
    "put the calls of npid_mm in your script under if __name__ == '__main__': so that processes "
    'that load images can start'
)


def start_method() -> str:
    """Return how Python starts processes here, without fixing it for the rest of the program."""
    chosen = multiprocessing.get_start_method(allow_none=True)
    return chosen or multiprocessing.get_all_start_methods()[0]


def refuse_in_worker() -> None:
    """Refuse to work in a process that is only about to load images.

    Python imports the user's script again in each process that it starts in another way than
    ``fork``. A call outside ``if __name__ == '__main__'`` would train there once more.

    Raises:
        RuntimeError: If this process is still importing the script.
    """
    if getattr(multiprocessing.current_process(), '_inheriting', False):
        raise RuntimeError(SCRIPT)


def worker_count(wanted: int) -> int:
    """Return the number of processes to load images with: 0 if the script cannot start any."""
    if not wanted or start_method() == 'fork' or _has_guard():
        return wanted
    print_log(f'images are loaded without further processes: {SCRIPT}', 'current', logging.WARNING)
    return 0


def _has_guard() -> bool:
    """Return whether a new process may import the main module; notebooks have none to import."""
    file = getattr(sys.modules['__main__'], '__file__', None)
    if file is None or not os.path.isfile(file):
        return True
    try:
        body = ast.parse(Path(file).read_bytes()).body
    except (SyntaxError, ValueError):  # a compiled program
        return True
    names = {
        node.id
        for statement in body
        if isinstance(statement, ast.If)
        for node in ast.walk(statement.test)
        if isinstance(node, ast.Name)
    }
    return '__name__' in names


@contextmanager
def runner_device(device: str | torch.device | None) -> Iterator[None]:
    """Let a Runner that is built in the block compute on a device.

    Args:
        device (str | torch.device, optional): None leaves the choice to MMEngine, which takes a GPU
            if there is one.

    Raises:
        ValueError: If torch cannot use the device here.
    """
    if device is None:
        yield
        return
    try:
        chosen = torch.device(device)
        torch.empty(0, device=chosen)
    except (AssertionError, RuntimeError, TypeError) as error:
        raise ValueError(
            f'device must be one that torch can use here, such as cpu, got {device}: '
            f'{str(error).splitlines()[0]}'
        ) from error
    before = mmengine_device.DEVICE
    with ExitStack() as stack:
        if chosen.type == 'cuda' and chosen.index is not None:
            stack.enter_context(torch.cuda.device(chosen.index))
        mmengine_device.DEVICE = chosen.type
        try:
            yield
        finally:
            mmengine_device.DEVICE = before
