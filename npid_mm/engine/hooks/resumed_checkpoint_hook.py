"""Check what a resumed checkpoint says before a run continues from it."""

from collections.abc import Mapping

from mmengine.hooks import CheckpointHook, Hook

from ..own_files import keep_own_files

# what Runner.resume takes without asking
PARTS = {
    'meta': ('epoch', 'iter'),
    'message_hub': ('log_scalars', 'runtime_info', 'resumed_keys'),
}


class ResumedCheckpointHook(Hook):
    """Refuse to resume what is not the checkpoint of a training, and let no hook remove its files.

    :func:`~npid_mm.engine.launch.build_runner` registers it.
    """

    # before the hooks that look at the checkpoint, and those that remove what it lists
    priority = 'HIGH'

    def after_load_checkpoint(self, runner, checkpoint: Mapping) -> None:
        """Look for the parts that a run continues from.

        Raises:
            ValueError: One is missing.
        """
        if not runner._resume:
            return
        for part, names in PARTS.items():
            found = checkpoint.get(part)
            for name in names:
                if not isinstance(found, Mapping) or name not in found:
                    raise ValueError(
                        f'{runner._load_from} cannot be resumed, as it has no {part}.{name}: it is '
                        'not the checkpoint of a training, or one that was published without its '
                        'state; to start a new training from its weights, leave --resume out and '
                        f'give --cfg-options load_from={runner._load_from}'
                    )

    def before_train(self, runner) -> None:
        """Forget files that are not of this run."""
        for hook in runner.hooks:
            if isinstance(hook, CheckpointHook):
                keep_own_files(runner.message_hub, hook, runner.work_dir)
