"""Store the run id and the settings of a training in its checkpoints."""

import os
from collections.abc import Mapping

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from npid_mm.engine.resume import RUN_ID, checkpoint_files, run_id
from npid_mm.engine.run_settings import SEED, SETTINGS, run_settings
from npid_mm.engine.runner_state import is_resuming


@HOOKS.register_module()
class RunRecordHook(Hook):
    """Store the run id and the settings in each checkpoint.

    ``--resume`` uses the id to distinguish runs in one work dir; a resumed run keeps its id.
    Checkpoints of earlier versions have neither id nor settings, and a run that resumes from one
    has no id. ``build_runner`` registers this hook.
    """

    def before_run(self, runner: Runner) -> None:
        """Create a random id, whatever the seed."""
        runner.message_hub.update_info(RUN_ID, os.urandom(8).hex())

    def after_load_checkpoint(self, runner: Runner, checkpoint: Mapping) -> None:
        """Continue the id of the resumed run."""
        if is_resuming(runner):
            runner.message_hub.update_info(RUN_ID, run_id(checkpoint))

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add the settings."""
        checkpoint['meta'][SETTINGS] = {**run_settings(runner.cfg), SEED: runner.seed}

    def before_train(self, runner: Runner) -> None:
        """Warn if a new run starts in the work dir of an earlier one."""
        earlier = [] if is_resuming(runner) else checkpoint_files(runner.work_dir)
        if earlier:
            runner.logger.warning(
                f'{runner.work_dir} holds checkpoints of an earlier run '
                f'({", ".join(path.name for path in earlier)}): this run starts from its first '
                'epoch and replaces those of the same names; to continue the earlier run, give '
                '--resume'
            )
