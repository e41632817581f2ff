"""The run that a checkpoint belongs to, and its settings."""

import os
from collections.abc import Mapping

from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from mmpretrain.registry import HOOKS

from npid_mm.engine.resume import RUN_ID, checkpoint_files, run_id
from npid_mm.engine.run_settings import (
    SEED,
    SETTINGS,
    check_optimizer,
    compare_settings,
    run_settings,
)
from npid_mm.engine.runner_state import is_resuming, loaded_path


@HOOKS.register_module()
class RunRecordHook(Hook):
    """Keep in each checkpoint the id of its run and the settings, and compare them on resume.

    ``--resume`` tells the checkpoints of two runs in one work dir apart by the id, which a resumed
    run keeps. Checkpoints of earlier versions have neither id nor settings, and a run that resumes
    from one has no id. ``build_runner`` registers this hook.
    """

    def before_run(self, runner) -> None:
        """Draw an id, independently of the seed."""
        runner.message_hub.update_info(RUN_ID, os.urandom(8).hex())

    def after_load_checkpoint(self, runner, checkpoint: Mapping) -> None:
        """Take over the id of the run that is resumed, and compare its settings.

        Raises:
            ValueError: A setting differs that the state of the checkpoint does not fit.
        """
        if not is_resuming(runner):
            return
        runner.message_hub.update_info(RUN_ID, run_id(checkpoint))
        path = loaded_path(runner)
        settings = checkpoint.get('meta', {}).get(SETTINGS)
        if isinstance(settings, Mapping):
            for warning in compare_settings(settings, run_settings(runner.cfg), path):
                runner.logger.warning(warning)
        if isinstance(runner.optim_wrapper, OptimWrapper):
            state = checkpoint.get('optimizer', {})
            check_optimizer(state, runner.optim_wrapper.optimizer.defaults, path)

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Keep the settings."""
        settings = run_settings(runner.cfg)
        checkpoint['meta'][SETTINGS] = {**settings, SEED: runner.seed}

    def before_train(self, runner) -> None:
        """Warn of a new run among the checkpoints of an earlier one."""
        earlier = [] if is_resuming(runner) else checkpoint_files(runner.work_dir)
        if earlier:
            runner.logger.warning(
                f'{runner.work_dir} holds checkpoints of an earlier run '
                f'({", ".join(path.name for path in earlier)}): this run starts from its first '
                'epoch and replaces those of the same names; to continue the earlier run, give '
                '--resume'
            )
