"""Save a checkpoint and exit on SIGTERM, as schedulers send it before they kill a job."""

import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from types import FrameType

import torch
from mmengine.dist import all_reduce, barrier, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from npid_mm.utils.checks import check_whole

from .atomic_checkpoint_hook import AtomicCheckpointHook

EXIT_STATUS = 128 + signal.SIGTERM  # 143, as a shell reports it


@HOOKS.register_module()
class GracefulStopHook(Hook):
    """On SIGTERM, finish the step, save a checkpoint and exit with status 143.

    ``tools/train.py --resume`` resumes in the middle of the epoch. If one rank gets the signal, all
    ranks stop at the same step. A validation is finished first. Needs
    :class:`AtomicCheckpointHook`.

    Args:
        interval (int): Steps between two checks whether another rank got the signal; a single
            process checks after every step.

    Raises:
        ValueError: If ``interval`` is below 1.
    """

    # after the bank and the schedules are updated and CheckpointHook has saved
    priority = 'LOWEST'

    def __init__(self, interval: int = 10):
        check_whole('interval', interval)
        self.interval = interval
        self._received = False

    def before_train(self, runner: Runner) -> None:
        """Install the SIGTERM handler."""
        self._checkpoint_hook = _checkpoint_hook(runner)
        for loop in (runner.train_loop, runner.val_loop):
            if loop is not None:
                loader = loop.dataloader
                loader.worker_init_fn = partial(_start_worker, loader.worker_init_fn)
        self._previous = signal.signal(signal.SIGTERM, self._note)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Stop if a rank got the signal, but not between accumulated gradients."""
        interval = self.interval if get_world_size() > 1 else 1
        # every rank takes this branch at the same steps
        if self.every_n_train_iters(runner, interval) and runner.optim_wrapper.should_update():
            received = torch.tensor(int(self._received))
            all_reduce(received, 'max')
            if received:
                self._stop(runner)

    def after_train(self, runner: Runner) -> None:
        """Restore the previous SIGTERM handler."""
        signal.signal(signal.SIGTERM, self._previous)

    def _note(self, signum: int, frame: FrameType | None) -> None:
        self._received = True

    def _stop(self, runner: Runner) -> None:
        path = self._checkpoint_hook.save_now(runner)
        runner.visualizer.close()
        barrier()  # if a rank exits, the launcher ends the others, also one that still writes
        runner.logger.warning(
            f'stopped by SIGTERM after iteration {runner.iter + 1}, in epoch {runner.epoch + 1}; '
            f'saved {path}: start again with --resume to continue'
        )
        signal.signal(signal.SIGTERM, self._previous)
        raise SystemExit(EXIT_STATUS)


def _checkpoint_hook(runner: Runner) -> AtomicCheckpointHook:
    for hook in runner.hooks:
        if isinstance(hook, AtomicCheckpointHook):
            return hook
    raise TypeError(
        'GracefulStopHook saves through AtomicCheckpointHook: set '
        "default_hooks.checkpoint.type='AtomicCheckpointHook'"
    )


def _start_worker(init: Callable[[int], None] | None, worker_id: int) -> None:
    """Let a data loader worker ignore SIGTERM, unless the main process sends it.

    Launchers send SIGTERM to all processes of a job, but the main process needs its workers until
    it has saved, and then ends them by SIGTERM too.
    """
    if hasattr(signal, 'sigwaitinfo'):  # macOS cannot tell the sender of a signal
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        threading.Thread(target=_wait_for_main_process, daemon=True).start()
    if init is not None:
        init(worker_id)


def _wait_for_main_process() -> None:
    """Wait for SIGTERM from the parent process, and exit."""
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
        pass
    os._exit(0)
