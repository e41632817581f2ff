"""Long work of one rank, while the others wait."""

from collections.abc import Generator
from contextlib import contextmanager

import torch
from joblib import cpu_count
from mmengine.dist import broadcast_object_list, is_main_process


def on_first_rank(work: Generator):
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
