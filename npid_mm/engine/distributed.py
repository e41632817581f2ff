"""Processes of a distributed run: launchers, ranks without a GPU, work on one rank, clean exit."""

import atexit
import os
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import NoReturn

import torch
from joblib import cpu_count
from mmengine.config import Config
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.model import MMDistributedDataParallel, revert_sync_batchnorm
from mmengine.registry import MODEL_WRAPPERS
from torch import nn

# what each launcher sets, and MMEngine reads
VARIABLES = {
    'none': (),
    'pytorch': ('RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT'),
    'slurm': ('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_NODELIST'),
    'mpi': ('OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_RANK'),
}
STORE_TIMEOUT = 3.0  # seconds


@MODEL_WRAPPERS.register_module()
class CPURanks(MMDistributedDataParallel):
    """A model on ranks without a GPU, where plain norms take the place of SyncBN.

    torch has SyncBN for GPUs only, and refuses to wrap a model that has it.

    Args:
        module (nn.Module): The model.
        **kwargs: Further arguments of ``MMDistributedDataParallel``.
    """

    def __init__(self, module: nn.Module, **kwargs):
        super().__init__(revert_sync_batchnorm(module), **kwargs)


def check_launcher(launcher: str) -> None:
    """Check that this process was started as ``--launcher`` says, and has a GPU if others have.

    Raises:
        ValueError: A variable of the launcher is missing, another launcher started several
            processes, or there are more of them than GPUs.
    """
    missing = [name for name in VARIABLES[launcher] if name not in os.environ]
    if missing:
        raise ValueError(
            f'--launcher {launcher} needs {", ".join(missing)} in the environment, which its '
            'launcher sets: start with bash tools/dist_train.sh CONFIG GPUS, or leave it out'
        )
    if launcher == 'none' and int(os.environ.get('WORLD_SIZE', 1)) > 1:
        raise ValueError(
            f'--launcher must be pytorch where torchrun starts {os.environ["WORLD_SIZE"]} '
            'processes, got none: each would train by itself'
        )
    gpus, rank = torch.cuda.device_count(), int(os.environ.get('LOCAL_RANK', 0))
    if launcher == 'pytorch' and 0 < gpus <= rank:
        raise ValueError(
            f'local rank {rank} has no GPU: this machine has {gpus}, so start {gpus} at most'
        )


def use_cpu_ranks(cfg: Config) -> None:
    """Start gloo before the Runner would ask for CUDA, and wrap the model without devices.

    Raises:
        ValueError: Another launcher than PyTorch's started the ranks.
    """
    if cfg.launcher != 'pytorch':
        raise ValueError(f"ranks without a GPU need launcher 'pytorch', got {cfg.launcher!r}")
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group('gloo')
    cfg.model_wrapper_cfg = dict(
        type='CPURanks',
        device_ids=None,
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False),
    )


def exit_distributed(status: int = 0) -> None:
    """End this process once all ranks are done; without ranks, do nothing.

    A rank does not return from here, see :func:`quit_rank`.

    Args:
        status (int): Exit status of the process.
    """
    if not torch.distributed.is_initialized():
        return
    torch.distributed.barrier()  # wait until every rank is done
    torch.distributed.destroy_process_group()
    quit_rank(status)


def quit_rank(status: int) -> NoReturn:
    """End a process of several ranks without waiting for the others.

    A thread of gloo keeps the tensors of the last collective a little longer than the collective
    itself, and asks the interpreter to drop them; if the interpreter is already shutting down, C++
    aborts the process. So the exit handlers run, and finalization is skipped.

    Args:
        status (int): Exit status of the process.
    """
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def first_to_report() -> bool:
    """Return whether this process is the one of its ranks that reports an error.

    All ranks make the same mistake, or one fails and the others lose their connection to it. The
    first to ask reports; the launcher's store decides which that is. Where no store answers, it
    is the first rank of each node, or after the ranks have met, rank 0.
    """
    if int(os.environ.get('WORLD_SIZE', 1)) == 1:
        return True
    attempt = os.environ.get('TORCHELASTIC_RESTART_COUNT', 0)
    try:
        address = os.environ['MASTER_ADDR'], int(os.environ['MASTER_PORT'])
        socket.create_connection(address, STORE_TIMEOUT).close()  # torch would say that it failed
        timeout = timedelta(seconds=STORE_TIMEOUT)
        store = torch.distributed.TCPStore(*address, timeout=timeout, wait_for_workers=False)
        return store.add(f'npid_mm/reports/{attempt}', 1) == 1
    except (KeyError, OSError, ValueError, RuntimeError):
        rank = 'RANK' if torch.distributed.is_initialized() else 'LOCAL_RANK'
        return os.environ.get(rank, '0') == '0'


def run_on_main_process(work: Generator):
    """Run a generator on rank 0 only, and give what it returns to all ranks.

    Collectives take a rank that is silent for some minutes for dead. So the others hear of every
    ``yield`` of the work, and should not have to wait longer than a few minutes for the next.

    Args:
        work (Generator): What it yields is ignored.

    Raises:
        RuntimeError: On the other ranks, if the work failed on rank 0.
    """
    while True:
        news, failure = [None], None
        if is_main_process():
            try:
                next(work)
            except StopIteration as end:
                news = [dict(result=end.value)]
            except Exception as error:
                news, failure = [dict(error=f'{type(error).__name__}: {error}')], error
        broadcast_object_list(news)
        if failure is not None:
            raise failure
        if news[0] is not None:
            if 'error' in news[0]:
                raise RuntimeError(f'rank 0 stopped, and so do all: {news[0]["error"]}')
            return news[0]['result']


@contextmanager
def all_cores(wanted: bool):
    """Let torch use all cores of this process; launchers of several ranks limit each to one."""
    threads = torch.get_num_threads()
    if wanted:
        torch.set_num_threads(cpu_count())
    try:
        yield
    finally:
        torch.set_num_threads(threads)
