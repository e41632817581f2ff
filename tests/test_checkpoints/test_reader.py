"""Tests of the reader: tensors as torch reads them, and damaged files."""

import pickle
import types
import zipfile
from collections import Counter, OrderedDict

import pytest
import torch
from torch import nn

from npid_mm.checkpoints import load_tensors
from npid_mm.checkpoints.stub_unpickler import STORAGES, StubObject
from tests.inputs.assembler import Call, overlapping
from tests.test_checkpoints.foreign import write as save

FORMATS = pytest.mark.parametrize('zipped', [True, False], ids=['torch 1.6', 'before'])


def many_tensors():
    """Tensors of every dtype, and views of one storage."""
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
    assert (
        loaded['part'][0, 0] == -1 and loaded['turned'][1, 1, 0] == -1
    )  # they still share a storage


@pytest.mark.parametrize('protocol', range(2, 6))
def test_plain_values_are_read_in_every_protocol(protocol, tmp_path):
    content = [1, frozenset({'a'}), {'b': frozenset({2, 3})}, {4}, (5, -(2**70))]
    torch.save(content, tmp_path / 'a.pth', pickle_protocol=protocol)
    assert load_tensors(tmp_path / 'a.pth') == content


@FORMATS
def test_without_values_no_tensor_takes_memory(zipped, tmp_path):
    """Shapes, types and plain values are read, but not the bytes of the tensors."""
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
    """In the format before torch 1.6 a view may have a storage of its own."""
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


def test_a_torchscript_program_is_not_executed(tmp_path):
    """torch.load passes such a file to another reader, which executes parts of it."""
    path = tmp_path / 'program.pt'
    torch.jit.script(nn.Linear(2, 2)).save(path)
    loaded = load_tensors(path)
    assert isinstance(loaded, StubObject)
    assert loaded.stands_for.startswith('__torch__.')


@pytest.fixture
def archive(tmp_path):
    """Parts of a checkpoint, which can be changed and written again."""
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
    """It would expose memory."""
    archive.parts['checkpoint/data/0'] = archive.parts['checkpoint/data/0'][:-4]
    with pytest.raises(ValueError, match='cannot read .* out of bounds for storage of size 20'):
        load_tensors(archive.write())


def test_big_endian_is_refused(archive):
    archive.parts['checkpoint/byteorder'] = b'big'
    with pytest.raises(ValueError, match='cannot read .* is not little-endian'):
        load_tensors(archive.write())


def test_damaged_bytes_are_noticed(archive):
    """torch.load returns wrong weights instead."""
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


def test_a_storage_larger_than_the_file_is_refused_before_it_is_allocated(tmp_path):
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
    """Its state can ask torch to enlarge the storage, which would expose memory."""
    grown = Call(
        torch._utils._rebuild_tensor_v2,
        torch.ones(length)._typed_storage(), 0, (length,), (1,), False, OrderedDict(),
        state=(torch.ones(length), 0, (300,), (1,)),
    )  # fmt: skip
    path = save(dict(weight=grown), tmp_path / 'checkpoint.pth', zipped)
    message = 'cannot read .* resize storage that is not resizable'
    with pytest.raises(ValueError, match=message) as refused:
        load_tensors(path)
    assert refused.value.__cause__.__traceback__ is None


def test_compressed_parts_are_refused(tmp_path):
    """They could grow without limit; torch.save does not compress."""
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
    """An entry of a zip file can overlap all entries after it."""
    path = save([torch.rand(1000) for _ in range(9)], tmp_path / 'checkpoint.pth', True)
    path.write_bytes(overlapping(path.read_bytes()))
    with pytest.raises(ValueError, match='cannot read .* it is cut off or damaged: a part of'):
        load_tensors(path)
