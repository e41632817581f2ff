"""Checkpoints that a run refuses to resume."""

import copy
import types
from collections import Counter

import pytest
import torch
from mmengine.optim import CosineAnnealingLR, MultiStepLR, OptimWrapper
from mmpretrain.registry import OPTIMIZERS

from npid_mm.checkpoints.builders import StubObject
from npid_mm.engine.hooks.resumed_checkpoint_hook import ResumedCheckpointHook

GOOD = dict(
    meta=dict(epoch=1, iter=4),
    message_hub=dict(log_scalars={}, runtime_info={}, resumed_keys={}),
    optimizer=dict(state={0: dict(step=4)}, param_groups=[dict(params=[0], lr=0.1)]),
    param_schedulers=[dict(last_step=4)],
)


def look(checkpoint, resume=True):
    runner = types.SimpleNamespace(
        _resume=resume, _load_from='a.pth', optim_wrapper=None, param_schedulers=None
    )
    ResumedCheckpointHook().after_load_checkpoint(runner, checkpoint)


def changed(*path, value):
    """The good checkpoint with another value at a path; without what is there for None."""
    checkpoint = copy.deepcopy(GOOD)
    inner = checkpoint
    for key in path[:-1]:
        inner = inner[key]
    if value is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return checkpoint


def test_a_training_may_be_resumed_and_anything_loaded():
    look(GOOD)
    look(changed('optimizer', value=None))  # of a run that saves none
    look(dict(state_dict={}), resume=False)


@pytest.mark.parametrize(
    ('path', 'value', 'message'),
    [
        (['meta'], None, 'has no meta.epoch'),
        (['meta', 'iter'], None, 'has no meta.iter'),
        (['meta', 'iter'], '4', "its meta.iter must be a whole number, got '4'"),
        (['meta', 'epoch'], -1, 'its meta.epoch must be a whole number, got -1'),
        (['message_hub'], 'text', 'has no message_hub.log_scalars'),
        (['message_hub', 'resumed_keys'], None, 'has no message_hub.resumed_keys'),
        (['optimizer'], 'text', 'its optimizer is not that of a training'),
        (['optimizer'], StubObject(), 'its optimizer is not'),
        (['optimizer', 'state'], None, 'its optimizer is not'),
        (['optimizer', 'state', 0], 'text', 'its optimizer is not'),
        (['optimizer', 'param_groups', 0], 7, 'its optimizer is not'),
        (['optimizer', 'param_groups', 0, 'params'], None, 'its optimizer is not'),
        (['optimizer', 'param_groups', 0, 'lr'], StubObject(), 'its optimizer is not'),
        (['param_schedulers'], dict(last_step=4), 'its param_schedulers is not'),
        (['param_schedulers', 0], 'text', 'its param_schedulers is not'),
        (['param_schedulers', 0, 'step'], StubObject, 'its param_schedulers is not'),
    ],
)
def test_other_content_is_refused(path, value, message):
    with pytest.raises(ValueError, match=f'a.pth cannot be resumed, as .*{message}'):
        look(changed(*path, value=value))


def training(name, **settings):
    """A runner after one step, and the checkpoint of its state."""
    model = torch.nn.Linear(3, 2)
    optimizer = OPTIMIZERS.build(dict(type=name, params=model.parameters(), lr=0.1, **settings))
    wrapper = OptimWrapper(optimizer)
    schedulers = [CosineAnnealingLR(optimizer, T_max=5), MultiStepLR(optimizer, [3, 4])]
    wrapper.update_params(model(torch.ones(1, 3)).sum())
    checkpoint = dict(
        GOOD,
        optimizer=wrapper.state_dict(),
        param_schedulers=[each.state_dict() for each in schedulers],
    )
    runner = types.SimpleNamespace(
        _resume=True, _load_from='a.pth', optim_wrapper=wrapper, param_schedulers=schedulers
    )
    return runner, copy.deepcopy(checkpoint)


def test_milestones_of_earlier_versions_are_restored():
    """They were saved as pairs of milestone and count, which no step ever equals."""
    runner, checkpoint = training('SGD')
    schedule = checkpoint['param_schedulers'][1]
    schedule['milestones'] = Counter(schedule['milestones'].items())
    ResumedCheckpointHook().after_load_checkpoint(runner, checkpoint)
    assert schedule['milestones'] == Counter({3: 1, 4: 1})


@pytest.mark.parametrize(
    ('name', 'settings'),
    [
        ('SGD', dict(momentum=0.9)),
        ('SGD', dict(momentum=0.9, nesterov=True)),
        ('AdamW', dict(amsgrad=True)),
        ('AdamW', dict(fused=True)),
        ('AdamW', dict(foreach=True)),
        ('RMSprop', {}),
        ('LARS', dict(momentum=0.9)),
    ],
)
def test_a_state_that_fits_the_optimizer_is_left_unchanged(name, settings):
    runner, checkpoint = training(name, **settings)
    weights = [each.clone() for each in runner.optim_wrapper.optimizer.param_groups[0]['params']]
    before = copy.deepcopy(checkpoint)
    ResumedCheckpointHook().after_load_checkpoint(runner, checkpoint)
    assert str(checkpoint) == str(before)
    assert torch.equal(weights[0], runner.optim_wrapper.optimizer.param_groups[0]['params'][0])


def test_a_schedule_may_have_other_numbers():
    runner, checkpoint = training('SGD')
    cosine, steps = checkpoint['param_schedulers']
    cosine['T_max'], steps['milestones'] = 7, {2: 1}
    ResumedCheckpointHook().after_load_checkpoint(runner, checkpoint)


@pytest.mark.parametrize(
    'change',
    [
        dict(lr='x'),
        dict(betas=('x', None)),
        dict(betas=(1.0, 1.0)),
        dict(eps=None),
        dict(amsgrad=True),
        dict(params=[[0], 1]),
        dict(params=[0]),
    ],
    ids=str,
)
def test_parameter_groups_that_no_step_can_use_are_refused(change):
    runner, checkpoint = training('AdamW')
    checkpoint['optimizer']['param_groups'][0].update(change)
    with pytest.raises(ValueError, match='a.pth cannot be resumed, as its optimizer does not fit'):
        ResumedCheckpointHook().after_load_checkpoint(runner, checkpoint)


def test_an_optimizer_that_needs_values_is_not_judged(monkeypatch):
    """It cannot take the trial step from any state."""
    runner, checkpoint = training('SGD')

    def step(self):
        return self.param_groups[0]['params'][0].sum().item()

    monkeypatch.setattr(torch.optim.SGD, 'step', step)
    ResumedCheckpointHook().after_load_checkpoint(runner, checkpoint)


@pytest.mark.parametrize('value', [torch.ones(7), 'text', StubObject(), None], ids=str)
def test_states_of_parameters_that_no_step_can_use_are_refused(value):
    runner, checkpoint = training('AdamW')
    state = checkpoint['optimizer']['state'][0]
    if value is None:
        del state['exp_avg']
    else:
        state['exp_avg'] = value
    with pytest.raises(ValueError, match='a.pth cannot be resumed, as its optimizer does not fit'):
        ResumedCheckpointHook().after_load_checkpoint(runner, checkpoint)


@pytest.mark.parametrize(
    'change',
    [
        dict(optimizer={}),
        dict(param_name='momentum'),
        dict(param_name=5),
        dict(last_step='x'),
        dict(base_values=[]),
    ],
    ids=str,
)
def test_schedules_of_another_form_are_refused(change):
    """With the first value that differs."""
    runner, checkpoint = training('AdamW')
    checkpoint['param_schedulers'][0].update(change)
    message = r'as its schedules do not fit the run: param_schedulers\.0.* is .*, not of the form '
    with pytest.raises(ValueError, match=message):
        ResumedCheckpointHook().after_load_checkpoint(runner, checkpoint)
