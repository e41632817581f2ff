"""Checkpoints read without trust: all tensors as torch reads them, and nothing is ever run."""

import io
import os
import pickle
import sys
import types
import zipfile
from collections import Counter, OrderedDict

import numpy as np
import pytest
import torch
from torch import nn

from npid_mm.checkpoints import load_tensors
from npid_mm.checkpoints.stub_unpickler import STORAGES, StubObject, TensorUnpickler
from tests.test_security.assembler import Call, overlapping

FORMATS = pytest.mark.parametrize('zipped', [True, False], ids=['torch 1.6', 'before'])


def save(content, path, zipped):
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path


def many_tensors():
    """Every dtype, and tensors that share, skip or turn their storage."""
    base = torch.arange(24.0).reshape(2, 3, 4)
    tensors = {
        str(dtype): torch.tensor([0, 1, 2]).to(dtype)
        for dtype in sorted(STORAGES.values(), key=str)
    }
    return tensors | dict(
        base=base, part=base[1, :, 1:3], turned=base.permute(2, 0, 1), number=torch.tensor(2.5),
        empty=torch.empty(0, 128), parameter=nn.Parameter(torch.ones(2)), large=torch.rand(300, 99),
    )  # fmt: skip


@FORMATS
def test_tensors_are_those_that_torch_reads(zipped, tmp_path):
    path = save(many_tensors(), tmp_path / 'checkpoint.pth', zipped)
    expected, loaded = torch.load(path, weights_only=True), load_tensors(path)
    assert loaded.keys() == expected.keys()
    for name, value in expected.items():
        assert loaded[name].dtype == value.dtype, name
        assert loaded[name].stride() == value.stride(), name
        assert torch.equal(loaded[name], value), name
    loaded['base'][1, 0, 1] = -1
    assert loaded['part'][0, 0] == -1 and loaded['turned'][1, 1, 0] == -1  # one storage still


@pytest.mark.parametrize('protocol', range(2, 6))
def test_plain_values_are_read_in_every_protocol(protocol, tmp_path):
    content = [1, frozenset({'a'}), {'b': frozenset({2, 3})}, {4}, (5, -(2**70))]
    torch.save(content, tmp_path / 'a.pth', pickle_protocol=protocol)
    assert load_tensors(tmp_path / 'a.pth') == content


def test_instances_of_python_2_become_stubs():
    content = b'](lp0\n(ia\nB\naI7\naL8L\naI01\na.'
    first, *rest = TensorUnpickler(io.BytesIO(content[1:]), None).load()
    assert isinstance(first, StubObject) and first.stands_for == 'a.B'
    assert rest == [7, 8, True]


@FORMATS
def test_without_values_no_tensor_takes_memory(zipped, tmp_path):
    """Shapes, types and plain values are there, and the bytes of the tensors are not looked at."""
    content = dict(meta=dict(iter=7), rows=torch.full((1000,), 0.5, dtype=torch.float64))
    path = save(content, tmp_path / 'checkpoint.pth', zipped)
    rows = content['rows'].numpy().tobytes()
    path.write_bytes(path.read_bytes().replace(rows, bytes(len(rows))))
    loaded = load_tensors(path, values=False)
    assert loaded['meta'] == dict(iter=7)
    assert (loaded['rows'].shape, loaded['rows'].dtype) == ((1000,), torch.float64)
    assert loaded['rows'].is_meta


def test_damaged_safetensors_are_refused(tmp_path):
    path = tmp_path / 'checkpoint.safetensors'
    path.write_bytes(b'not of this format')
    with pytest.raises(ValueError, match='cannot read .*checkpoint.safetensors as a checkpoint'):
        load_tensors(path)


@FORMATS
def test_views_of_one_storage_at_different_places(zipped, tmp_path):
    """The format before torch 1.6 may name part of a storage as a storage of its own."""
    row = torch.arange(10.0)
    content = OrderedDict(first=row[:3], last=row[7:], step=row[1::4])
    loaded = load_tensors(save(content, tmp_path / 'checkpoint.pth', zipped))
    assert isinstance(loaded, OrderedDict)
    assert {name: value.tolist() for name, value in loaded.items()} == dict(
        first=[0, 1, 2], last=[7, 8, 9], step=[1, 5, 9]
    )


@FORMATS
def test_plain_values_stay(zipped, tmp_path):
    content = dict(
        epoch=3, arch='resnet50', seen={1, 2}, size=torch.Size([2, 3]), device=torch.device('cpu'),
        nested=[(None, True, 1.5, 10**30, -7)], dtype=torch.bfloat16, names=frozenset('ab'),
        milestones=Counter([120, 160]),
    )  # fmt: skip
    assert load_tensors(save(content, tmp_path / 'checkpoint.pth', zipped)) == content


@pytest.fixture
def vanished():
    """Classes of a module that is gone when the file is read: ``make(name, base)``."""
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
    """Modules, which the older format refers to in a way of its own, dicts, lists and sets."""
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
    """Which named another function, and set what a parameter is beside its values afterwards."""
    values = torch.rand(2, 3)
    old = Call(torch._utils._rebuild_tensor, values._typed_storage(), 0, (2, 3), (3, 1))
    parameter = Call(nn.Parameter, old, state=(True, False, OrderedDict()))
    content = dict(tensor=old, parameter=parameter)
    loaded = load_tensors(save(content, tmp_path / 'checkpoint.pth', False))
    assert torch.equal(loaded['tensor'], values)
    assert torch.equal(loaded['parameter'].detach(), values)


def payloads(trace):
    """Objects each of which writes the file ``trace`` when an ordinary unpickler reads it."""
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
def test_what_a_file_says_is_never_run(name, zipped, tmp_path):
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
        pass  # after the harm is done
    assert any(tmp_path.glob('trace*'))  # it would have


@pytest.mark.parametrize('name', payloads('').keys())
def test_nor_in_the_head_of_an_old_file(name, tmp_path):
    """The format before torch 1.6 starts with pickles of their own."""
    trace, path = tmp_path / 'trace', tmp_path / 'checkpoint.pth'
    path.write_bytes(pickle.dumps(payloads(trace)[name], protocol=2))
    with pytest.raises(ValueError, match='cannot read .*checkpoint.pth as a checkpoint of PyTorch'):
        load_tensors(path)
    assert not any(tmp_path.glob('trace*'))


def test_a_program_of_torchscript_is_not_started(tmp_path):
    """torch.load hands such a file to another reader, which runs parts of it."""
    path = tmp_path / 'program.pt'
    torch.jit.script(nn.Linear(2, 2)).save(path)
    loaded = load_tensors(path)
    assert isinstance(loaded, StubObject)
    assert loaded.stands_for.startswith('__torch__.')


def test_what_a_pickle_may_call_cannot_be_changed(monkeypatch):
    """A default set on torch's own function would last for all files to come."""
    rebuild = torch._utils._rebuild_tensor_v2
    before = rebuild.__defaults__
    monkeypatch.setattr(rebuild, '__defaults__', before)  # puts it right in the end
    change = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\nN}S'__defaults__'\n(K\x01ts\x86b."
    unpickler = TensorUnpickler(io.BytesIO(change), lambda *_: None)
    assert unpickler.load().__defaults__ == (1,)
    assert unpickler.find_class('torch._utils', '_rebuild_tensor_v2').__defaults__ is None
    assert rebuild.__defaults__ is before
    pickle.loads(change)
    assert rebuild.__defaults__ == (1,)  # it would have


@pytest.fixture
def archive(tmp_path):
    """A checkpoint taken apart: ``archive.parts`` can be changed and written again."""
    path = save(dict(weight=torch.arange(6.0).reshape(2, 3)), tmp_path / 'checkpoint.pth', True)
    with zipfile.ZipFile(path) as source:
        parts = {name: source.read(name) for name in source.namelist()}

    def write():
        with zipfile.ZipFile(path, 'w') as target:
            for name, data in parts.items():
                target.writestr(name, data)
        return path

    return types.SimpleNamespace(parts=parts, write=write, path=path)


def test_a_tensor_that_reaches_beyond_its_storage_is_refused(archive):
    """Such a file would show whatever lay in the memory behind it."""
    archive.parts['checkpoint/data/0'] = archive.parts['checkpoint/data/0'][:-4]
    with pytest.raises(ValueError, match='cannot read .* out of bounds for storage of size 20'):
        load_tensors(archive.write())


def test_big_endian_is_refused(archive):
    archive.parts['checkpoint/byteorder'] = b'big'
    with pytest.raises(ValueError, match='cannot read .* is not little-endian'):
        load_tensors(archive.write())


def test_damaged_bytes_are_noticed(archive):
    """torch.load gives wrong weights instead."""
    data = bytearray(archive.path.read_bytes())
    at = data.index(torch.arange(6.0).numpy().tobytes())
    data[at + 9] ^= 1
    archive.path.write_bytes(data)
    with pytest.raises(ValueError, match='cannot read .* Bad CRC-32'):
        load_tensors(archive.path)


@pytest.mark.parametrize('length', [10, 300, -1, -400])
@FORMATS
def test_a_file_cut_off_anywhere_is_refused(zipped, length, tmp_path):
    path = save(dict(weight=torch.rand(100)), tmp_path / 'checkpoint.pth', zipped)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ValueError, match='cannot read .*checkpoint.pth as a checkpoint of PyTorch'):
        load_tensors(path)


def test_a_storage_larger_than_the_file_is_refused_before_it_is_made(tmp_path):
    path = save(dict(weight=torch.rand(100)), tmp_path / 'checkpoint.pth', False)
    data = path.read_bytes()
    numel = pickle.BININT1 + b'\x64'
    assert data.count(numel + pickle.NONE) == 1
    large = pickle.LONG1 + b'\x06' + b'\xff' * 5 + b'\x0f'
    path.write_bytes(data.replace(numel + pickle.NONE, large + pickle.NONE))
    with pytest.raises(ValueError, match='cannot read .* it is cut off or damaged: a part of'):
        load_tensors(path)


@pytest.mark.parametrize('length', [0, 3])
@FORMATS
def test_no_tensor_grows_beyond_what_the_file_holds(zipped, length, tmp_path):
    """By its state, of which torch takes storage, offset, size and stride: memory would show."""
    grown = Call(
        torch._utils._rebuild_tensor_v2,
        torch.ones(length)._typed_storage(), 0, (length,), (1,), False, OrderedDict(),
        state=(torch.ones(length), 0, (300,), (1,)),
    )  # fmt: skip
    path = save(dict(weight=grown), tmp_path / 'checkpoint.pth', zipped)
    message = 'cannot read .* resize storage that is not resizable'
    with pytest.raises(ValueError, match=message) as refused:
        load_tensors(path)
    assert refused.value.__cause__.__traceback__ is None  # nor shown by who reports the error


def test_compressed_parts_are_refused(tmp_path):
    """A file of a few bytes could become any number of them; torch stores what it saves."""
    path, packed = tmp_path / 'checkpoint.pth', tmp_path / 'packed.pth'
    save(dict(weight=torch.zeros(1000)), path, True)
    with zipfile.ZipFile(path) as source:
        for squeezed in ('data.pkl', 'data/0'):
            with zipfile.ZipFile(packed, 'w') as target:
                for name in source.namelist():
                    method = zipfile.ZIP_DEFLATED if name.endswith(squeezed) else None
                    target.writestr(name, source.read(name), method)
            with pytest.raises(ValueError, match=f'cannot read .*/{squeezed} is compressed'):
                load_tensors(packed)


def test_storages_larger_than_the_file_together_are_refused(tmp_path):
    """Each part of a zip file may say that it goes on over all parts behind it."""
    path = save([torch.rand(1000) for _ in range(9)], tmp_path / 'checkpoint.pth', True)
    path.write_bytes(overlapping(path.read_bytes()))
    with pytest.raises(ValueError, match='cannot read .* it is cut off or damaged: a part of'):
        load_tensors(path)
