"""Validate a resumed checkpoint if the run was killed before its validation."""

import json
from pathlib import Path

import torch
from mmengine.dist import broadcast, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner
from mmpretrain.registry import HOOKS

from npid_mm.engine.resume import RUN_ID
from npid_mm.engine.runner_state import built_loops, is_resuming, validation_interval
from npid_mm.engine.runners.resumable_train_loop import SEEN
from npid_mm.utils.atomic_io import write_atomic

VALIDATED = 'last_validation.json'  # in the work dir: run id and iteration


@HOOKS.register_module()
class MissedValidationHook(Hook):
    """Run the validation that is due for a resumed checkpoint and was not run.

    A checkpoint is saved before the validation of its epoch, so a run that is killed in between
    would never log its metrics. A file in the work dir holds the last validated iteration.
    ``build_runner`` registers this hook.
    """

    # after the other hooks are ready for the first step, and after the metrics are logged
    priority = 'LOWEST'

    def before_train(self, runner: Runner) -> None:
        """Validate the resumed checkpoint, if necessary."""
        if not is_resuming(runner) or runner.val_loop is None or not _is_due(runner):
            return
        missing = torch.tensor(int(is_main_process() and not _is_validated(runner)))
        broadcast(missing)  # the file may exist on rank 0 only
        if missing:
            runner.logger.info('the checkpoint has not been validated yet: validating it first')
            runner.val_loop.run()

    def after_val_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Record that this iteration is validated."""
        if 'train' not in built_loops(runner):
            return
        if is_main_process():
            record = dict(run=runner.message_hub.get_info(RUN_ID, None), iter=runner.iter)
            path = Path(runner.work_dir) / VALIDATED
            write_atomic(path, json.dumps(record))


def _is_due(runner: Runner) -> bool:
    """Return whether a training validates the iteration that was loaded."""
    loop = runner.train_loop
    if isinstance(loop, EpochBasedTrainLoop) and not runner.message_hub.get_info(SEEN, 0):
        step, last = loop.epoch, loop.max_epochs
    elif isinstance(loop, IterBasedTrainLoop):
        step, last = loop.iter, loop.max_iters
    else:  # in the middle of an epoch, or a loop with other rules
        return False
    interval = validation_interval(loop)
    return step >= max(loop.val_begin, 1) and (step % interval == 0 or step == last)


def _is_validated(runner: Runner) -> bool:
    """Return whether the run has validated this iteration or a later one."""
    path = Path(runner.work_dir) / VALIDATED
    try:
        record = json.loads(path.read_text())
        run, iteration = record['run'], int(record['iter'])
    except (OSError, ValueError, KeyError, TypeError):  # missing or damaged
        return False
    return run == runner.message_hub.get_info(RUN_ID, None) and iteration >= runner.iter
