"""Run a command in several processes on this machine, as torchrun does."""

import logging
import os
import signal
import socket

import torch
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import parse_args, run

from npid_mm.utils.checks import check_whole

HOST = '127.0.0.1'


def launch_ranks(command: str, argv: list[str], ranks: int) -> int:
    """Run a command of ``npid`` in several processes, one per GPU, or on the CPU without GPUs.

    A signal to this process ends the ranks, which save first, as with ``tools/dist_train.sh``.

    Args:
        command (str): 'train' or 'test'.
        argv (list[str]): Its arguments.
        ranks (int): Number of processes.

    Returns:
        int: Exit status of the first rank that failed, which has reported its error, or 0.

    Raises:
        ValueError: If the machine has GPUs, but fewer than ``ranks``.
        RuntimeError: If a rank was killed by a signal.
    """
    check_gpus(ranks)
    os.environ.setdefault('OMP_NUM_THREADS', '1')  # as torchrun sets it, with a warning
    logging.getLogger('torch.distributed').setLevel(logging.CRITICAL)  # the ranks report
    where = ['--master_addr', HOST, '--master_port', os.environ.get('PORT') or _free_port()]
    launched = ['-m', 'npid_mm', command, *argv, '--launcher', 'pytorch']
    try:
        run(parse_args(['--nproc_per_node', str(ranks), *where, *launched]))
    except SignalException as stop:
        return 128 + stop.sigval
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        if failure.exitcode < 0:
            name = signal.Signals(-failure.exitcode).name
            raise RuntimeError(f'rank {rank} was killed by {name}, and so ended all') from error
        return failure.exitcode
    return 0


def check_gpus(ranks: int) -> None:
    """Check the number of processes to start here.

    Raises:
        ValueError: If the machine has GPUs, but fewer than ``ranks``.
    """
    check_whole('--gpus', ranks)
    gpus = torch.cuda.device_count()
    if 0 < gpus < ranks:
        raise ValueError(f'--gpus must be at most {gpus}, the GPUs of this machine, got {ranks}')


def _free_port() -> str:
    """Return a port that no process listens on."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return str(listener.getsockname()[1])
