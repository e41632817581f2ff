"""Ranks: those without a GPU, and the end of all."""

import atexit
import os
import sys

import torch
from mmengine.config import Config
from mmengine.model import MMDistributedDataParallel, revert_sync_batchnorm
from mmengine.registry import MODEL_WRAPPERS
from torch import nn


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


def leave_ranks(status: int = 0) -> None:
    """End this process once all ranks are done; without ranks, do nothing.

    A rank does not return from here. A thread of gloo keeps the tensors of the last collective a
    little longer than the collective itself, and asks for the interpreter to drop them; if the
    interpreter is being taken apart by then, C++ aborts the process. So all that Python runs at
    exit is run, and the taking apart is left out.

    Args:
        status (int): Exit status of the process.
    """
    if not torch.distributed.is_initialized():
        return
    torch.distributed.barrier()  # none dies of another's leaving
    torch.distributed.destroy_process_group()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
