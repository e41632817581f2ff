"""Check what a resumed checkpoint says before a run continues from it."""

from collections.abc import Mapping

from mmengine.hooks import CheckpointHook, Hook
from mmengine.optim import OptimWrapperDict

from npid_mm.checkpoints.limits import has_object
from npid_mm.engine.removable_files import keep_own_files
from npid_mm.engine.runner_state import is_resuming, loaded_path

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
        """Look at the parts that a run continues from.

        Raises:
            ValueError: One is missing, or of another form.
        """
        if not is_resuming(runner):
            return
        path = loaded_path(runner)
        for part, names in PARTS.items():
            found = checkpoint.get(part)
            for name in names:
                if not isinstance(found, Mapping) or name not in found:
                    raise ValueError(
                        f'{path} cannot be resumed, as it has no {part}.{name}: it is '
                        'not the checkpoint of a training, or one that was published without its '
                        'state; to start a new training from its weights, leave --resume out and '
                        f'give --cfg-options load_from={path}'
                    )
        several = isinstance(runner.optim_wrapper, OptimWrapperDict)
        for name, is_state in (('optimizer', _is_optimizer), ('param_schedulers', _is_schedule)):
            state = checkpoint.get(name)
            states = state.values() if several and isinstance(state, Mapping) else [state]
            if name in checkpoint and not all(map(is_state, states)):
                raise ValueError(
                    f'{path} cannot be resumed, as its {name} is not that of a '
                    'training: to start a new training from its weights, leave --resume out and '
                    f'give --cfg-options load_from={path}'
                )

    def before_train(self, runner) -> None:
        """Forget files that are not of this run."""
        for hook in runner.hooks:
            if isinstance(hook, CheckpointHook):
                keep_own_files(runner.message_hub, hook, runner.work_dir)


def _is_optimizer(state) -> bool:
    """Return whether this has the form of an optimizer's state."""
    if not isinstance(state, Mapping):
        return False
    groups, states = state.get('param_groups'), state.get('state')
    return (
        isinstance(groups, list)
        and all(isinstance(group, Mapping) for group in groups)
        and all(isinstance(group.get('params'), list) for group in groups)
        and not any(has_object(value) for group in groups for value in group.values())
        and isinstance(states, Mapping)
        and all(isinstance(each, Mapping) for each in states.values())
    )


def _is_schedule(state) -> bool:
    """Whether this has the form of the states of schedules, which become their attributes."""
    return isinstance(state, list) and all(
        isinstance(each, Mapping) and not any(map(callable, each.values())) for each in state
    )
