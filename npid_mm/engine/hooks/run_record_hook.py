"""The run that a checkpoint belongs to."""

import os
from collections.abc import Mapping

from mmengine.hooks import Hook
from mmpretrain.registry import HOOKS

from ..resume import RUN_ID, checkpoint_files, run_id


@HOOKS.register_module()
class RunRecordHook(Hook):
    """Give each run an id that its checkpoints hold, and that a resumed run keeps.

    ``--resume`` tells the checkpoints of two runs in one work dir apart by it. Checkpoints of
    earlier versions have none, and neither does a run that resumes from one. ``build_runner``
    registers this hook.
    """

    def before_run(self, runner) -> None:
        """Draw an id, independently of the seed."""
        runner.message_hub.update_info(RUN_ID, os.urandom(8).hex())

    def after_load_checkpoint(self, runner, checkpoint: Mapping) -> None:
        """Take over the id of the run that is resumed."""
        if runner._resume:
            runner.message_hub.update_info(RUN_ID, run_id(checkpoint))

    def before_train(self, runner) -> None:
        """Warn of a new run among the checkpoints of an earlier one."""
        earlier = [] if runner._resume else checkpoint_files(runner.work_dir)
        if earlier:
            runner.logger.warning(
                f'{runner.work_dir} holds checkpoints of an earlier run '
                f'({", ".join(path.name for path in earlier)}): this run starts from its first '
                'epoch and replaces those of the same names; to continue the earlier run, give '
                '--resume'
            )
