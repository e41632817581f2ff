"""Tests of the unpickler: objects become stubs, and nothing is executed."""

import io
import os
import pickle
import sys
import types
from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn

from npid_mm.checkpoints import load_tensors
from npid_mm.checkpoints.stub_unpickler import StubObject, TensorUnpickler
from tests.inputs.assembler import Call
from tests.test_checkpoints.foreign import write as save

FORMATS = pytest.mark.parametrize('zipped', [True, False], ids=['torch 1.6', 'before'])


@pytest.fixture
def vanished():
    """Return ``make(name, base)`` for classes of a module that is missing when the file is read."""
    module = sys.modules['a_code_base'] = types.ModuleType('a_code_base')

    def make(name, base, **attributes):
        made = type(name, (base,), dict(attributes, __module__='a_code_base'))
        setattr(module, name, made)
        return made

    yield make
    sys.modules.pop('a_code_base', None)


@FORMATS
@pytest.mark.filterwarnings("ignore:Couldn't retrieve source code")  # of torch.save
def test_objects_keep_their_state_and_nothing_else(zipped, vanished, tmp_path):
    """Modules, which the older format stores differently, dicts, lists and sets."""
    module = vanished('Bank', nn.Module)()
    module.register_buffer('memory', torch.rand(3, 2))
    history = vanished('History', dict)(a=1)
    history.note = 'kept'
    content = dict(
        bank=module, history=history, row=vanished('Row', list)([1]), set=vanished('Set', set)([1]),
        function=os.system,
    )  # fmt: skip
    path = save(content, tmp_path / 'checkpoint.pth', zipped)
    del sys.modules['a_code_base']
    loaded = load_tensors(path)
    assert all(isinstance(loaded[name], StubObject) for name in ('bank', 'history', 'row', 'set'))
    assert torch.equal(loaded['bank'].state['_buffers']['memory'], module.memory)
    assert loaded['history'].state == dict(note='kept')
    assert repr(loaded['bank']) == '<stub of a_code_base.Bank>'
    assert loaded['function'] is not os.system and issubclass(loaded['function'], StubObject)


def test_tensors_and_parameters_of_torch_0_3(tmp_path):
    """That version had another function, and set the state of a parameter."""
    values = torch.rand(2, 3)
    old = Call(torch._utils._rebuild_tensor, values._typed_storage(), 0, (2, 3), (3, 1))
    parameter = Call(nn.Parameter, old, state=(True, False, OrderedDict()))
    content = dict(tensor=old, parameter=parameter)
    loaded = load_tensors(save(content, tmp_path / 'checkpoint.pth', False))
    assert torch.equal(loaded['tensor'], values)
    assert torch.equal(loaded['parameter'].detach(), values)


def payloads(trace):
    """Return objects that write the file ``trace`` when an ordinary unpickler reads them."""
    write, touch = f'open({str(trace)!r}, "w").close()', f'touch {trace}'
    return {
        'os.system': Call(os.system, touch),
        'eval': Call(eval, write),
        'exec': Call(exec, write),
        'a chain of getattr': Call(Call(getattr, Call(__import__, 'os'), 'system'), touch),
        'a function of torch': Call(torch.save, 1, str(trace)),
        'a file behind a storage': Call(torch.UntypedStorage.from_file, str(trace), True, 8),
        'a function of NumPy': Call(np.save, str(trace), 1),
        'as an argument of a tensor': Call(torch._utils._rebuild_tensor_v2, Call(eval, write)),
        'as a hook of a parameter': Call(
            torch._utils._rebuild_parameter, torch.ones(1), True, OrderedDict(a=Call(eval, write))
        ),
        'as the state of a dict': Call(OrderedDict, state=Call(eval, f'{write} or dict()')),
        'as a key': {Call(eval, write): 1},
    }


@FORMATS
@pytest.mark.parametrize('name', payloads('').keys())
def test_nothing_in_a_file_is_executed(name, zipped, tmp_path):
    trace = tmp_path / 'trace'
    content = dict(state_dict=dict(weight=torch.ones(2)), extra=payloads(trace)[name])
    path = save(content, tmp_path / 'checkpoint.pth', zipped)
    try:
        loaded = load_tensors(path)
    except ValueError as error:
        assert 'cannot read' in str(error)
    else:
        assert torch.equal(loaded['state_dict']['weight'], torch.ones(2))
    assert not any(tmp_path.glob('trace*'))
    try:
        torch.load(path, weights_only=False)
    except Exception:  # noqa: BLE001
        pass  # raised after the harm
    assert any(tmp_path.glob('trace*'))  # the payload works


@pytest.mark.parametrize('name', payloads('').keys())
def test_nothing_in_the_head_of_an_old_file_is_executed(name, tmp_path):
    """The format before torch 1.6 starts with separate pickles."""
    trace, path = tmp_path / 'trace', tmp_path / 'checkpoint.pth'
    path.write_bytes(pickle.dumps(payloads(trace)[name], protocol=2))
    with pytest.raises(ValueError, match='cannot read .*checkpoint.pth as a checkpoint of PyTorch'):
        load_tensors(path)
    assert not any(tmp_path.glob('trace*'))


def test_a_pickle_cannot_change_the_functions_that_it_calls(monkeypatch):
    """A changed default of torch's own function would affect all later files."""
    rebuild = torch._utils._rebuild_tensor_v2
    before = rebuild.__defaults__
    monkeypatch.setattr(rebuild, '__defaults__', before)  # restored at the end
    change = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\nN}S'__defaults__'\n(K\x01ts\x86b."
    unpickler = TensorUnpickler(io.BytesIO(change), lambda *_: None)
    assert unpickler.load().__defaults__ == (1,)
    assert unpickler.find_class('torch._utils', '_rebuild_tensor_v2').__defaults__ is None
    assert rebuild.__defaults__ is before
    pickle.loads(change)
    assert rebuild.__defaults__ == (1,)  # the change works


def test_instances_of_python_2_become_stubs():
    content = b'](lp0\n(ia\nB\naI7\naL8L\naI01\na.'
    first, *rest = TensorUnpickler(io.BytesIO(content[1:]), None).load()
    assert isinstance(first, StubObject) and first.stands_for == 'a.B'
    assert rest == [7, 8, True]
