"""What a run refuses to resume, before anything of it is taken over."""

import copy
import types

import pytest

from npid_mm.checkpoints.plain_types import StubObject
from npid_mm.engine.hooks.resumed_checkpoint_hook import ResumedCheckpointHook

GOOD = dict(
    meta=dict(epoch=1, iter=4),
    message_hub=dict(log_scalars={}, runtime_info={}, resumed_keys={}),
    optimizer=dict(state={0: dict(step=4)}, param_groups=[dict(params=[0], lr=0.1)]),
    param_schedulers=[dict(last_step=4)],
)


def look(checkpoint, resume=True):
    runner = types.SimpleNamespace(_resume=resume, _load_from='a.pth', optim_wrapper=None)
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
