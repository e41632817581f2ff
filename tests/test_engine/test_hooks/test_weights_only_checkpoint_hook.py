"""Checkpoints of plain values keep what a resumed run reads."""

import copy
from collections import Counter, OrderedDict

import numpy as np
import torch
from mmengine.optim import MultiStepLR

from npid_mm.engine.hooks import WeightsOnlyCheckpointHook


def saved(**parts):
    """Return what the hook leaves of a checkpoint."""
    checkpoint = dict(message_hub=dict(log_scalars=dict(loss=[1]), runtime_info={}), **parts)
    WeightsOnlyCheckpointHook().before_save_checkpoint(None, checkpoint)
    return checkpoint


def test_numpy_scalars_become_python_scalars_in_containers_of_the_same_type():
    found = saved(meta=OrderedDict(a=[np.float64(1.5)], b=(np.int64(2), 'c')))['meta']
    assert found == OrderedDict(a=[1.5], b=(2, 'c'))
    assert (type(found), type(found['a'][0]), type(found['b'][0])) == (OrderedDict, float, int)


def test_the_milestones_of_a_schedule_are_kept():
    """They are a Counter, and a run that resumes without them never lowers its rate."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
    schedule = MultiStepLR(optimizer, [2, 2, 4], gamma=0.1)
    state = schedule.state_dict()
    before = copy.deepcopy(state)
    (found,) = saved(param_schedulers=[state])['param_schedulers']
    assert found['milestones'] == Counter({2: 2, 4: 1})
    assert state == before
