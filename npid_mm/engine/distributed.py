"""Launch, coordinate and end the processes of a distributed run."""

import atexit
import os
import socket
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NoReturn

import torch
from joblib import cpu_count
from mmengine.config import Config
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.model import MMDistributedDataParallel, revert_sync_batchnorm
from mmengine.registry import MODEL_WRAPPERS
from torch import nn

# Environment variables that each launcher sets and MMEngine reads, the rank first.
LAUNCHER_VARIABLES: dict[str, tuple[str, ...]] = {
    'none': (),
    'pytorch': ('RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT'),
    'slurm': ('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_NODELIST'),
    'mpi': ('OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_RANK'),
}
STORE_TIMEOUT = 3.0  # seconds, for the store in which torchrun's processes meet


@MODEL_WRAPPERS.register_module()
class CPUDistributedDataParallel(MMDistributedDataParallel):
    """MMDistributedDataParallel for CPUs, where BatchNorm replaces SyncBN.

    torch supports SyncBN on GPUs only and refuses to wrap a model that has it.

    Args:
        module (nn.Module): The model.
        **kwargs: Further arguments of ``MMDistributedDataParallel``.
    """

    def __init__(self, module: nn.Module, **kwargs: Any):
        super().__init__(revert_sync_batchnorm(module), **kwargs)


def check_launcher(launcher: str) -> None:
    """Check that ``--launcher`` started this process, with a GPU for each process or for none.

    Raises:
        ValueError: If a variable of the launcher is missing, another launcher started several
            processes, or there are more processes than GPUs.
    """
    missing = [name for name in LAUNCHER_VARIABLES[launcher] if name not in os.environ]
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


def launched_rank(cfg: Config) -> int:
    """Return the rank that the launcher of a config gave this process.

    Unlike ``mmengine.dist.get_rank``, it works before the process group exists.
    """
    variables = LAUNCHER_VARIABLES.get(cfg.get('launcher', 'none'))
    return int(os.environ.get(variables[0], 0)) if variables else 0


def use_gloo(cfg: Config) -> None:
    """Let the processes of a machine without GPUs communicate over gloo.

    The process group is initialized here, because the Runner would request CUDA.

    Raises:
        ValueError: If the launcher is not 'pytorch'.
    """
    if cfg.launcher != 'pytorch':
        raise ValueError(f"ranks without a GPU need launcher 'pytorch', got {cfg.launcher!r}")
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group('gloo')
    cfg.model_wrapper_cfg = dict(
        type='CPUDistributedDataParallel',
        device_ids=None,
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False),
    )


def exit_distributed(status: int = 0) -> None:
    """End this process after all ranks are done; do nothing without a process group.

    Args:
        status (int): Exit status of the process.
    """
    if not torch.distributed.is_initialized():
        return
    torch.distributed.barrier()  # wait until every rank is done
    torch.distributed.destroy_process_group()
    exit_rank(status)


def exit_rank(status: int) -> NoReturn:
    """End one of several ranks without waiting for the others.

    A thread of gloo releases the tensors of the last collective a little later than the collective
    returns. If the interpreter is already shutting down then, the process aborts. We run the
    atexit handlers and skip finalization.

    Args:
        status (int): Exit status of the process.
    """
    atexit._run_exitfuncs()  # private, but os._exit alone would skip the handlers
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def first_to_report() -> bool:
    """Return whether this rank should print an error that several ranks may have.

    All ranks make the same mistake, or one fails and the others lose their connection to it. The
    first rank to ask reports, as decided by the launcher's store. Without a store, the first rank
    of each node reports, or rank 0 if there is a process group.
    """
    if int(os.environ.get('WORLD_SIZE', 1)) == 1:
        return True
    attempt = os.environ.get('TORCHELASTIC_RESTART_COUNT', 0)
    try:
        address = os.environ['MASTER_ADDR'], int(os.environ['MASTER_PORT'])
        # test the connection first: TCPStore prints its own failure
        socket.create_connection(address, STORE_TIMEOUT).close()
        timeout = timedelta(seconds=STORE_TIMEOUT)
        store = torch.distributed.TCPStore(*address, timeout=timeout, wait_for_workers=False)
        return store.add(f'npid_mm/reports/{attempt}', 1) == 1
    except (KeyError, OSError, ValueError, RuntimeError):
        rank = 'RANK' if torch.distributed.is_initialized() else 'LOCAL_RANK'
        return os.environ.get(rank, '0') == '0'


def run_on_main_process(work: Generator[Any, None, Any]) -> Any:
    """Run a generator on rank 0, and return its result on all ranks.

    A collective times out after some minutes. So rank 0 sends a message at every ``yield``;
    consecutive yields must be less than a few minutes apart.

    Args:
        work (Generator): The values that it yields are ignored.

    Raises:
        RuntimeError: On the other ranks, if ``work`` raises on rank 0.
    """
    while True:
        message: list[dict | None] = [None]
        failure = None
        if is_main_process():
            try:
                next(work)
            except StopIteration as end:
                message = [dict(result=end.value)]
            except Exception as error:
                message, failure = [dict(error=f'{type(error).__name__}: {error}')], error
        broadcast_object_list(message)
        if failure is not None:
            raise failure
        if message[0] is not None:
            if 'error' in message[0]:
                raise RuntimeError(f'rank 0 stopped, and so do all: {message[0]["error"]}')
            return message[0]['result']


@contextmanager
def all_cores(enabled: bool) -> Iterator[None]:
    """Let torch use all cores of this process; launchers of several ranks limit it to one."""
    threads = torch.get_num_threads()
    if enabled:
        torch.set_num_threads(cpu_count())
    try:
        yield
    finally:
        torch.set_num_threads(threads)
