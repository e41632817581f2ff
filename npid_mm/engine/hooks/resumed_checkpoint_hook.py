"""Check the structure of a checkpoint before a run resumes from it."""

from collections.abc import Mapping

from mmengine.hooks import CheckpointHook, Hook
from mmengine.optim import OptimWrapperDict
from mmengine.runner import Runner

from npid_mm.checkpoints.limits import has_object
from npid_mm.engine.removable_files import keep_own_files
from npid_mm.engine.runner_state import is_resuming, loaded_path

# parts that Runner.resume reads without a check
PARTS = {
    'meta': ('epoch', 'iter'),
    'message_hub': ('log_scalars', 'runtime_info', 'resumed_keys'),
}


class ResumedCheckpointHook(Hook):
    """Refuse to resume a file that is not the checkpoint of a training.

    It also limits the files that other hooks remove to those of this run. ``build_runner``
    registers this hook.
    """

    # before hooks that read the checkpoint, or remove files that it lists
    priority = 'HIGH'

    def after_load_checkpoint(self, runner: Runner, checkpoint: Mapping) -> None:
        """Check the parts that a run resumes from.

        Raises:
            ValueError: If one is missing or malformed.
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

    def before_train(self, runner: Runner) -> None:
        """Drop files of other runs from the lists of files to remove."""
        for hook in runner.hooks:
            if isinstance(hook, CheckpointHook):
                keep_own_files(runner.message_hub, hook, runner.work_dir)


def _is_optimizer(state: object) -> bool:
    """Return whether a value has the structure of an optimizer's state dict."""
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


def _is_schedule(state: object) -> bool:
    """Return whether a value has the structure of the schedulers' state dicts.

    Their items become attributes of the schedulers, so none may be callable.
    """
    return isinstance(state, list) and all(
        isinstance(each, Mapping) and not any(map(callable, each.values())) for each in state
    )
