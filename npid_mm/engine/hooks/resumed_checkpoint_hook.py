"""Check a checkpoint before a run resumes from it: its structure, settings and state."""

import copy
from collections import Counter, defaultdict
from collections.abc import Mapping

import torch
from mmengine.hooks import CheckpointHook, Hook
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner
from torch import Tensor
from torch.optim import Optimizer

from npid_mm.checkpoints.limits import has_object
from npid_mm.engine.removable_files import keep_own_files
from npid_mm.engine.run_settings import SETTINGS, check_optimizer, compare_settings, run_settings
from npid_mm.engine.runner_state import is_resuming, loaded_path

# parts that Runner.resume reads without a check
PARTS = {
    'meta': ('epoch', 'iter'),
    'message_hub': ('log_scalars', 'runtime_info', 'resumed_keys'),
}
NUMBERS = (int, float, type(None))


class ResumedCheckpointHook(Hook):
    """Refuse to resume a checkpoint that does not fit the run.

    It also limits the files that other hooks remove to those of this run. ``build_runner``
    registers this hook.
    """

    # before hooks that read the checkpoint, or remove files that it lists
    priority = 'HIGH'

    def after_load_checkpoint(self, runner: Runner, checkpoint: Mapping) -> None:
        """Check the parts that a run resumes from.

        Raises:
            ValueError: If one is missing or malformed, or does not fit the current run.
        """
        if not is_resuming(runner):
            return
        path = loaded_path(runner)
        _check_structure(runner, checkpoint, path)
        settings = checkpoint['meta'].get(SETTINGS)
        if isinstance(settings, Mapping):
            for warning in compare_settings(settings, run_settings(runner.cfg), path):
                runner.logger.warning(warning)
        if isinstance(runner.optim_wrapper, OptimWrapper) and 'optimizer' in checkpoint:
            optimizer, state = runner.optim_wrapper.optimizer, checkpoint['optimizer']
            check_optimizer(state, optimizer.defaults, path)
            if problem := _optimizer_problem(optimizer, state):
                raise ValueError(_refusal(path, f'its optimizer does not fit the model: {problem}'))
        schedulers = runner.param_schedulers
        if isinstance(schedulers, list) and not any(isinstance(each, dict) for each in schedulers):
            present = [each.state_dict() for each in schedulers]
            saved = checkpoint.get('param_schedulers', present)
            if not _same_form(saved, present):
                raise ValueError(_refusal(path, 'its param_schedulers do not fit param_scheduler'))

    def before_train(self, runner: Runner) -> None:
        """Drop files of other runs from the lists of files to remove."""
        for hook in runner.hooks:
            if isinstance(hook, CheckpointHook):
                keep_own_files(runner.message_hub, hook, runner.work_dir)


def _refusal(path: str, reason: str) -> str:
    return (
        f'{path} cannot be resumed, as {reason}; to start a new training from its weights, leave '
        f'--resume out and give --cfg-options load_from={path}'
    )


def _check_structure(runner: Runner, checkpoint: Mapping, path: str) -> None:
    """Check that the checkpoint has the parts of a training, in their usual form."""
    for part, names in PARTS.items():
        found = checkpoint.get(part)
        for name in names:
            if not isinstance(found, Mapping) or name not in found:
                reason = (
                    f'it has no {part}.{name}: it is not the checkpoint of a training, or one that '
                    'was published without its state'
                )
                raise ValueError(_refusal(path, reason))
    for name in PARTS['meta']:
        if type(checkpoint['meta'][name]) is not int or checkpoint['meta'][name] < 0:
            raise ValueError(_refusal(path, f'its meta.{name} is not a number of steps'))
    several = isinstance(runner.optim_wrapper, OptimWrapperDict)
    for name, is_state in (('optimizer', _is_optimizer), ('param_schedulers', _is_schedule)):
        state = checkpoint.get(name)
        states = state.values() if several and isinstance(state, Mapping) else [state]
        if name in checkpoint and not all(map(is_state, states)):
            raise ValueError(_refusal(path, f'its {name} is not that of a training'))


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


def _optimizer_problem(optimizer: Optimizer, state: Mapping) -> str:
    """Describe the error that the first step from a state would raise, or return ''.

    A copy of the optimizer takes the step on the device 'meta', which computes shapes only.
    """
    trial = copy.copy(optimizer)
    trial.state = defaultdict(dict)
    trial.param_groups = [
        {**group, 'params': [torch.empty_like(each, device='meta') for each in group['params']]}
        for group in optimizer.param_groups
    ]
    groups = [{**group, 'params': list(group['params'])} for group in state['param_groups']]
    states = {
        # the numbers of steps stay on the CPU, where the trial would increment them
        index: {key: value.clone() if _is_scalar(value) else value for key, value in each.items()}
        for index, each in state['state'].items()
    }
    try:
        trial.load_state_dict(dict(state=states, param_groups=groups))
        for group in trial.param_groups:
            for parameter in group['params']:
                parameter.grad = torch.empty_like(parameter)
        trial.step()
    except Exception as error:  # values of wrong types raise anything
        if 'meta' in str(error).split():  # the optimizer needs values
            return ''
        return f'{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ""}'
    return ''


def _is_scalar(value: object) -> bool:
    return isinstance(value, Tensor) and value.numel() == 1


def _same_form(saved: object, present: object) -> bool:
    """Return whether the states of schedulers have the same structure and types of values.

    Numbers may differ, milestones too, and None may stand for a number. Strings are equal.
    """
    if isinstance(present, Counter):  # milestones
        return isinstance(saved, Mapping) and {*map(type, (*saved, *saved.values()))} <= {int}
    if isinstance(present, Mapping):
        return (
            isinstance(saved, Mapping)
            and saved.keys() == present.keys()
            and all(_same_form(saved[key], present[key]) for key in present)
        )
    if isinstance(present, (list, tuple)):
        return (
            isinstance(saved, (list, tuple))
            and len(saved) == len(present)
            and all(map(_same_form, saved, present))
        )
    if type(present) in NUMBERS:
        return type(saved) in NUMBERS
    return saved == present if isinstance(present, str) else type(saved) is type(present)
