"""Validation of a run that was killed between a checkpoint and its validation."""

import json
from pathlib import Path

import torch
from mmengine.dist import broadcast, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop
from mmpretrain.registry import HOOKS

from npid_mm.engine.resume import RUN_ID
from npid_mm.engine.runner_state import built_loops, is_resuming, validation_interval
from npid_mm.engine.runners.resumable_train_loop import SEEN
from npid_mm.utils.atomic_io import write_atomic

VALIDATED = 'last_validation.json'  # in the work dir: the run and its iteration


@HOOKS.register_module()
class MissedValidationHook(Hook):
    """Validate first when a run resumes from a checkpoint whose validation is due and missing.

    A checkpoint is saved before the validation of its epoch. A run that was killed in between would
    otherwise never have that metric, and one that was at its end none at all. A file in the work
    dir keeps what has been validated. ``build_runner`` registers this hook.
    """

    # after all other hooks are ready for the first step, and after the metrics are logged
    priority = 'LOWEST'

    def before_train(self, runner) -> None:
        """Validate the checkpoint that was loaded, if that is missing."""
        if not is_resuming(runner) or runner.val_loop is None or not _is_due(runner):
            return
        missing = torch.tensor(int(is_main_process() and not _is_validated(runner)))
        broadcast(missing)  # the file may be on the disk of rank 0 only
        if missing:
            runner.logger.info('the checkpoint has not been validated yet: validating it first')
            runner.val_loop.run()

    def after_val_epoch(self, runner, metrics: dict | None = None) -> None:
        """Note that the weights of this iteration are validated."""
        if 'train' not in built_loops(runner):
            return
        if is_main_process():
            record = dict(run=runner.message_hub.get_info(RUN_ID, None), iter=runner.iter)
            path = Path(runner.work_dir) / VALIDATED
            write_atomic(path, json.dumps(record))


def _is_due(runner) -> bool:
    """Return whether a training validates the weights that were loaded."""
    loop = runner.train_loop
    if isinstance(loop, EpochBasedTrainLoop) and not runner.message_hub.get_info(SEEN, 0):
        step, last = loop.epoch, loop.max_epochs
    elif isinstance(loop, IterBasedTrainLoop):
        step, last = loop.iter, loop.max_iters
    else:  # in the middle of an epoch, or a loop that validates by other rules
        return False
    interval = validation_interval(loop)
    return step >= max(loop.val_begin, 1) and (step % interval == 0 or step == last)


def _is_validated(runner) -> bool:
    """Return whether the run has validated this iteration or a later one."""
    path = Path(runner.work_dir) / VALIDATED
    try:
        record = json.loads(path.read_text())
        run, iteration = record['run'], int(record['iter'])
    except (OSError, ValueError, KeyError, TypeError):  # none, or damaged
        return False
    return run == runner.message_hub.get_info(RUN_ID, None) and iteration >= runner.iter
