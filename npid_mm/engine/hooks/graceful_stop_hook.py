"""Save and leave when the scheduler asks for it."""

import os
import signal
import threading
from functools import partial

import torch
from mmengine.dist import all_reduce, barrier, get_world_size
from mmengine.hooks import Hook
from mmpretrain.registry import HOOKS

from npid_mm.utils.checks import check_whole

from .atomic_checkpoint_hook import AtomicCheckpointHook

EXIT_STATUS = 128 + signal.SIGTERM  # 143, as a shell reports it


@HOOKS.register_module()
class GracefulStopHook(Hook):
    """On SIGTERM finish the step, save a checkpoint in the middle of the epoch and exit with 143.

    ``tools/train.py --resume`` goes on from there. One rank that gets the signal stops all of
    them at the same step. A validation that is running is finished first. Needs
    :class:`AtomicCheckpointHook`.

    Args:
        interval (int): Steps between two questions to the other ranks; alone, a process looks
            after every step.

    Raises:
        ValueError: ``interval`` is below 1.
    """

    # after the bank is filled, schedules have stepped and CheckpointHook has done its part
    priority = 'LOWEST'

    def __init__(self, interval: int = 10):
        check_whole('interval', interval)
        self.interval = interval
        self._asked = False

    def before_train(self, runner) -> None:
        """From now on, SIGTERM is a request."""
        self._checkpoint_hook = _checkpoint_hook(runner)
        for loop in (runner.train_loop, runner.val_loop):
            if loop is not None:
                loader = loop.dataloader
                loader.worker_init_fn = partial(_start_worker, loader.worker_init_fn)
        self._previous = signal.signal(signal.SIGTERM, self._note)

    def after_train_iter(
        self, runner, batch_idx: int, data_batch: dict | None = None, outputs: dict | None = None
    ) -> None:
        """Stop if any rank was asked to, with no accumulated gradient waiting."""
        interval = self.interval if get_world_size() > 1 else 1
        # every rank takes this branch at the same steps
        if self.every_n_train_iters(runner, interval) and runner.optim_wrapper.should_update():
            asked = torch.tensor(int(self._asked))
            all_reduce(asked, 'max')
            if asked:
                self._stop(runner)

    def after_train(self, runner) -> None:
        """SIGTERM means again what it did before."""
        signal.signal(signal.SIGTERM, self._previous)

    def _note(self, signum, frame) -> None:
        self._asked = True

    def _stop(self, runner) -> None:
        path = self._checkpoint_hook.save_now(runner)
        runner.visualizer.close()
        # a rank that exits early makes the launcher end the one that writes
        barrier()
        runner.logger.warning(
            f'stopped by SIGTERM after iteration {runner.iter + 1}, in epoch {runner.epoch + 1}; '
            f'saved {path}: start again with --resume to go on from there'
        )
        signal.signal(signal.SIGTERM, self._previous)
        raise SystemExit(EXIT_STATUS)


def _checkpoint_hook(runner) -> AtomicCheckpointHook:
    """The hook that saves."""
    for hook in runner.hooks:
        if isinstance(hook, AtomicCheckpointHook):
            return hook
    raise TypeError(
        'GracefulStopHook saves through AtomicCheckpointHook: set '
        "default_hooks.checkpoint.type='AtomicCheckpointHook'"
    )


def _start_worker(start, worker_id: int) -> None:
    """Start a worker that lives on when a launcher sends SIGTERM to all processes at once.

    The main process still needs its batches and workers; it ends them itself, by SIGTERM too.
    """
    if hasattr(signal, 'sigwaitinfo'):  # not on macOS, where nothing tells who sent a signal
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        threading.Thread(target=_obey_main_process, daemon=True).start()
    if start is not None:
        start(worker_id)


def _obey_main_process() -> None:
    """Wait for SIGTERM, and exit if it is from the process that started this one."""
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
        pass
    os._exit(0)
