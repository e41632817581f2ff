"""Ways to damage an index folder, or to craft one as an attacker."""

import hashlib
import json
import os
import zlib
from functools import cache
from pathlib import Path

import faiss
import numpy as np
from onnx import TensorProto, helper

from npid_mm.retrieval.index.metadata import digest

EXEC = "__import__('pathlib').Path('executed').touch()"
EVIL = f'float32 if {EXEC} else torch.float32'


def rewrite(folder: Path, change) -> None:
    """Change ``index.json`` without the key of the user: the checksum fits, the signature not."""
    meta = json.loads((folder / 'index.json').read_text())
    meta = {key: value for key, value in meta.items() if key not in ('checksum', 'signature')}
    meta = change(meta) or meta
    text = json.dumps(meta, sort_keys=True).encode()
    meta['checksum'] = hashlib.sha256(text).hexdigest()
    (folder / 'index.json').write_text(json.dumps(meta | {'signature': '00' * 32}))


def put(*place, value):
    """A craft that sets one value of ``index.json``."""

    def craft(folder):
        def change(meta):
            where = meta
            for key in place[:-1]:
                where = where[key]
            where[place[-1]] = value

        rewrite(folder, change)

    return craft


def drop(key):
    return lambda folder: rewrite(folder, lambda meta: meta.pop(key) and None)


def text(name, content):
    """A craft that writes a file."""
    content = content if isinstance(content, bytes) else content.encode()
    return lambda folder: (folder / name).write_bytes(content)


def pipe(name):
    def craft(folder):
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)

    return craft


def link(name, target=None):
    """A craft that links to a file outside of the folder, by default a file of the user."""

    def craft(folder):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target or folder.parent / 'treasure/thesis.txt')

    return craft


def directory(name):
    def craft(folder):
        (folder / name).unlink(missing_ok=True)
        (folder / name).mkdir()

    return craft


def missing(name):
    return lambda folder: (folder / name).unlink()


def cut(name):
    return lambda folder: os.truncate(folder / name, (folder / name).stat().st_size // 2)


def flip(name, position=20):
    def craft(folder):
        content = bytearray((folder / name).read_bytes())
        content[position] ^= 4
        (folder / name).write_bytes(content)

    return craft


def rows(change):
    """A craft that changes the rows, with the right digest."""

    def craft(folder):
        whole = (folder / 'rows.npy').read_bytes()
        content = np.frombuffer(whole[128:], np.float32).copy()
        change(content)
        (folder / 'rows.npy').write_bytes(whole[:128] + content.tobytes())
        rewrite(folder, lambda meta: meta['blocks'][0].__setitem__(2, digest(content.tobytes())))

    return craft


def entries(make):
    """A craft of the entries: ``make`` returns packed bytes, or names and labels, for a count."""

    def craft(folder):
        meta = json.loads((folder / 'index.json').read_text())
        count = meta['blocks'][0][0]
        packed = make(count)
        if isinstance(packed, list):
            packed = zlib.compress(json.dumps(packed).encode())
        (folder / 'entries.bin').write_bytes(packed)
        rewrite(folder, lambda meta: set_entries(meta, packed))

    return craft


@cache
def bomb(text, times):
    """A compressed text that decompresses to many times its size."""
    packer = zlib.compressobj()
    return b''.join([*(packer.compress(text) for _ in range(times)), packer.flush()])


def set_entries(meta, packed):
    meta['blocks'] = [[meta['blocks'][0][0], len(packed), meta['blocks'][0][2], digest(packed)]]


def names(name):
    """A craft that gives all images one name and one class."""
    return entries(lambda count: [[f'{name}'] * count, ['</script><script>alert(1)'] * count])


def piped_name(folder):
    os.mkfifo(folder.parent / 'image.png')
    names(str(folder.parent / 'image.png'))(folder)


def lists(make):
    """A craft of the lists of approximate search, with the right sha256."""

    def craft(folder):
        make(folder)
        content = (folder / 'approximate.faiss').read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        rewrite(folder, lambda meta: meta['approximate'].update(sha256=sha256))

    return craft


def other_lists(kind, change=lambda index: index):
    """Lists of another kind, which faiss can read."""

    def make(folder):
        index = faiss.index_factory(16, kind, faiss.METRIC_INNER_PRODUCT)
        data = np.random.default_rng(0).random((40, 16), np.float32)
        index.train(data)
        if kind.startswith('IDMap'):
            index.add_with_ids(data, np.arange(40) + 10**12)
        else:
            index.add(data)
        faiss.write_index(change(index), str(folder / 'approximate.faiss'))

    return lists(make)


def damaged_lists(change):
    def make(folder):
        path = folder / 'approximate.faiss'
        content = bytearray(path.read_bytes())
        path.write_bytes(change(content))

    return lists(make)


def checkpoint(make):
    """A craft with a checkpoint of the attacker's choice."""

    def craft(folder):
        put('checkpoint', value=str(make(folder.parent)))(folder)

    return craft


def evil_pickle(folder):
    path = folder / 'evil.pth'
    path.write_bytes(b'c__builtin__\nexec\n(S"' + EXEC.encode() + b'"\ntR.')
    return path


def piped(folder):
    os.mkfifo(folder / 'pipe.pth')
    return folder / 'pipe.pth'


def encoder(name, make):
    """A craft of ``encoder.onnx`` or ``preprocessing.json``, with the right sha256."""

    def craft(folder):
        content = make((folder / name).read_bytes())
        (folder / name).write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        rewrite(folder, lambda meta: meta['encoder'].update({name: sha256}))

    return craft


def graph(*nodes, weights=(), shape=('B', 16, 16, 3), kind=TensorProto.UINT8, opsets=()):
    """Content of an ONNX file with the ends of an encoder."""
    made = helper.make_graph(
        [helper.make_node(*node, **more) for *node, more in nodes],
        'evil',
        [helper.make_tensor_value_info('image', kind, shape)],
        [helper.make_tensor_value_info('embedding', TensorProto.FLOAT, ('B', 16))],
        initializer=list(weights),
    )
    versions = [helper.make_opsetid('', 17), *(helper.make_opsetid(each, 1) for each in opsets)]
    return helper.make_model(made, opset_imports=versions, ir_version=8).SerializeToString()


def external(location):
    """An ONNX file whose weights are in another file."""
    weights = TensorProto(name='w', data_type=TensorProto.FLOAT, dims=[1, 16])
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key='location', value=str(location))
    return graph(('Identity', ['w'], ['embedding'], {}), weights=[weights])


def filled(*shape):
    """An ONNX file that allocates a tensor of a shape."""
    size = helper.make_tensor('size', TensorProto.INT64, [len(shape)], list(shape))
    axes = dict(axes=[1], keepdims=1)
    return graph(
        ('ConstantOfShape', ['size'], ['huge'], {}),
        ('ReduceMean', ['huge'], ['embedding'], axes),
        weights=[size],
    )


def endless():
    """An ONNX file that loops without end."""
    body = helper.make_graph(
        [helper.make_node('Identity', ['go'], ['on']), helper.make_node('Sin', ['x'], ['y'])],
        'body',
        [
            helper.make_tensor_value_info('number', TensorProto.INT64, []),
            helper.make_tensor_value_info('go', TensorProto.BOOL, []),
            helper.make_tensor_value_info('x', TensorProto.FLOAT, [1, 16]),
        ],
        [
            helper.make_tensor_value_info('on', TensorProto.BOOL, []),
            helper.make_tensor_value_info('y', TensorProto.FLOAT, [1, 16]),
        ],
    )
    times = helper.make_tensor('times', TensorProto.INT64, [], [1 << 62])
    true = helper.make_tensor('true', TensorProto.BOOL, [], [True])
    start = helper.make_tensor('start', TensorProto.FLOAT, [1, 16], [0.1] * 16)
    return graph(
        ('Loop', ['times', 'true', 'start'], ['embedding'], dict(body=body)),
        weights=[times, true, start],
    )
