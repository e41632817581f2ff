"""Run a function on several gloo ranks."""

import os
import tempfile
from pathlib import Path

import torch
import torch.multiprocessing as mp

from npid_mm.engine.distributed import exit_distributed
from tests.forkserver import METHOD


def run_ranks(function, world_size: int, *arguments) -> list:
    """Return the results of ``function(rank, *arguments)`` on every rank.

    The ranks meet through a file, so that tests do not compete for a port.
    """
    with tempfile.TemporaryDirectory() as folder:
        given = function, world_size, folder, arguments
        mp.start_processes(_rank, given, world_size, start_method=METHOD)
        return [
            torch.load(Path(folder) / f'{rank}.pt', weights_only=False)
            for rank in range(world_size)
        ]


def _rank(rank, function, world_size, folder, arguments):
    torch.set_num_threads(1)
    # set by launchers and read by MMEngine
    os.environ.update(LOCAL_RANK=str(rank), RANK=str(rank), WORLD_SIZE=str(world_size))
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/meet', rank=rank, world_size=world_size
    )
    torch.save(function(rank, *arguments), Path(folder) / f'{rank}.pt')
    exit_distributed()
