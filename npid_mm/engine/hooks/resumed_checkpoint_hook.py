"""Check a checkpoint before a run resumes from it: its structure, settings and state."""

import copy
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

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
from npid_mm.utils.text import describe

# parts that Runner.resume reads without a check
PARTS = {
    'meta': ('epoch', 'iter'),
    'message_hub': ('log_scalars', 'runtime_info', 'resumed_keys'),
}
NUMBERS = (int, float, type(None))
KERNELS = ('fused', 'foreach', 'capturable')  # options that choose how a step is computed


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
        _restore_milestones(checkpoint.get('param_schedulers'))
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
            if problem := _schedule_problem(saved, present):
                raise ValueError(_refusal(path, f'its schedules do not fit the run: {problem}'))

    def before_train(self, runner: Runner) -> None:
        """Drop files of other runs from the lists of files to remove."""
        for hook in runner.hooks:
            if isinstance(hook, CheckpointHook):
                keep_own_files(runner.message_hub, hook, runner.work_dir)


def _restore_milestones(schedules: object) -> None:
    """Restore the milestones that versions before 0.2 saved as pairs of milestone and count."""
    for schedule in schedules if isinstance(schedules, list) else ():
        saved = schedule.get('milestones') if isinstance(schedule, dict) else None
        if isinstance(saved, Counter) and all(
            isinstance(each, tuple) and len(each) == 2 for each in saved
        ):
            schedule['milestones'] = Counter(dict(saved.keys()))


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
        found = checkpoint['meta'][name]
        if type(found) is not int or found < 0:
            raise ValueError(
                _refusal(path, f'its meta.{name} must be a whole number, got {describe(found)}')
            )
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
    """Describe the error that the first step from a state would raise, or return ''."""
    problem = _step_error(optimizer, state)
    fresh = dict(state={}, param_groups=optimizer.state_dict()['param_groups'])
    # an optimizer that needs values cannot take the trial step from any state
    return '' if problem and _step_error(optimizer, fresh) else problem


def _step_error(optimizer: Optimizer, state: Mapping) -> str:
    """Let a copy of an optimizer load a state and take a step; return the error, or ''.

    The copy is on the device 'meta', which computes shapes only, without the kernels that other
    devices choose.
    """
    trial = copy.copy(optimizer)
    trial.state = defaultdict(dict)
    trial.param_groups = [
        {**group, 'params': [torch.empty_like(each, device='meta') for each in group['params']]}
        for group in optimizer.param_groups
    ]
    groups = [
        {**group, **{key: False for key in KERNELS if key in group}, 'params': [*group['params']]}
        for group in state['param_groups']
    ]
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
        return ' '.join([f'{type(error).__name__}:', *str(error).splitlines()[:1]])
    return ''


def _is_scalar(value: object) -> bool:
    return isinstance(value, Tensor) and value.numel() == 1


def _schedule_problem(saved: Any, present: Any, name: str = 'param_schedulers') -> str:
    """Name the first value of saved schedules that differs in form from the run's, or return ''.

    Numbers and milestones may differ, and None may stand for a number. Strings must be equal.
    """
    inside: list[str] = []
    if isinstance(present, Counter):  # milestones
        same = isinstance(saved, Mapping) and {*map(type, (*saved, *saved.values()))} <= {int}
    elif isinstance(present, Mapping):
        same = isinstance(saved, Mapping) and saved.keys() == present.keys()
        inside = [
            _schedule_problem(saved[key], present[key], f'{name}.{key}')
            for key in (present if same else ())
        ]
    elif isinstance(present, (list, tuple)):
        same = isinstance(saved, (list, tuple)) and len(saved) == len(present)
        inside = [
            _schedule_problem(*pair, f'{name}.{index}')
            for index, pair in enumerate(zip(saved, present, strict=True) if same else ())
        ]
    elif type(present) in NUMBERS:
        same = type(saved) in NUMBERS
    else:
        same = saved == present if isinstance(present, str) else type(saved) is type(present)
    if not same:
        return f'{name} is {describe(saved)}, not of the form {describe(present)}'
    return next(filter(None, inside), '')
