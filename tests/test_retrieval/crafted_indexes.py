"""Index folders as an attacker or a failing disk leaves them."""

import hashlib
import json
import os
import zlib
from functools import cache
from pathlib import Path

import faiss
import numpy as np

from npid_mm.retrieval.index.metadata import digest

EXEC = "__import__('pathlib').Path('executed').touch()"
EVIL = f'float32 if {EXEC} else torch.float32'


def rewrite(folder: Path, change) -> None:
    """Change ``index.json`` as one can who does not have the key: the checksum is right."""
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
    """A craft that leads out of the folder, by default to a file of the user."""

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
    """A craft of the rows, with the digest that fits them."""

    def craft(folder):
        content = np.fromfile(folder / 'rows.bin', np.float32)
        change(content)
        content.tofile(folder / 'rows.bin')
        rewrite(folder, lambda meta: meta['blocks'][0].__setitem__(2, digest(content.tobytes())))

    return craft


def entries(make):
    """A craft of the entries: ``make`` gives packed bytes for their number, or a list of names."""

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
    """A packed text that is unpacked to many times its size."""
    packer = zlib.compressobj()
    return b''.join([*(packer.compress(text) for _ in range(times)), packer.flush()])


def set_entries(meta, packed):
    meta['blocks'] = [[meta['blocks'][0][0], len(packed), meta['blocks'][0][2], digest(packed)]]


def names(name):
    """A craft that gives all images one name, and another class than they have."""
    return entries(lambda count: [[f'{name}'] * count, ['</script><script>alert(1)'] * count])


def piped_name(folder):
    os.mkfifo(folder.parent / 'image.png')
    names(str(folder.parent / 'image.png'))(folder)


def lists(make):
    """A craft of the lists of approximate search, with the sha256 that fits them."""

    def craft(folder):
        make(folder)
        content = (folder / 'approximate.faiss').read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        rewrite(folder, lambda meta: meta['approximate'].update(sha256=sha256))

    return craft


def other_lists(kind, change=lambda index: index):
    """Lists that faiss reads, but that are of another kind."""

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
    """A craft whose checkpoint is at a place of the attacker's choice."""

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


TYPES = [
    'os.system', 'subprocess.Popen', 'builtins.eval', 'mmengine.Config.fromfile', 'torch.load',
    'mmpretrain.models.backbones.ResNet', 'mmpretrain::ResNet', 'mmdet.ResNet', f'lambda: {EXEC}',
    EXEC, '../evil', 'HuggingFaceClassifier', 'TIMMBackbone', 'Blip2Caption', 'LoRAModel', '', 7,
    None, ['os', 'system'], {'type': 'os.system'},
]  # fmt: skip
BUILT = {
    **{f'backbone {each!r}'[:60]: ('backbone', 'type', each) for each in TYPES},
    'neck': ('neck', {'type': 'subprocess.check_output', 'args': ['touch', 'executed']}),
    'preprocessor': ('data_preprocessor', {'type': 'builtins.exec', 'source': EXEC}),
    'nested norm': ('backbone', 'norm_cfg', {'type': 'builtins.exec', 'source': EXEC}),
    'nested in lists': ('backbone', 'plugins', [[{'cfg': {'type': 'os.system'}}]]),
    'nested in a tuple': ('backbone', 'x', {'_tuple_': [{'type': 'os.system'}]}),
    'evaluated dtype': ('pipeline', 0, {'type': 'torchvision/ConvertImageDtype', 'dtype': EVIL}),
    'Lambda': ('pipeline', 0, {'type': 'torchvision/Lambda', 'lambd': EXEC}),
    'Albu': ('pipeline', 0, {'type': 'Albu', 'transforms': [{'type': 'load', 'path': '/'}]}),
    'wrapped transform': ('pipeline', 0, {'type': 'Compose', 'transforms': [{'type': 'a.b'}]}),
    'backend': ('pipeline', 0, {'type': 'LoadImageFromFile', 'backend_args': {'backend': EXEC}}),
    'scope': ('backbone', '_scope_', 'mmdet'),
    'base': ('backbone', '_base_', './evil.py'),
    'nested imports': ('backbone', 'custom_imports', {'imports': ['evil']}),
    'top imports': ('custom_imports', {'imports': ['evil']}),
    'another scope': ('default_scope', 'evil'),
    'pretrained': ('backbone', 'init_cfg', {'type': 'Pretrained', 'checkpoint': 'evil.pth'}),
    'unknown argument': ('backbone', 'evil', 1),
    'many outputs': ('backbone', 'out_indices', [0] * 5000),
    'wide': ('backbone', 'base_channels', 65536),
    'wider': ('backbone', 'base_channels', 10**30),
    'deep network': ('backbone', 'depth', 60_000),
    'wide neck': ('neck', 'out_channels', 65536),
    'negative': ('backbone', 'base_channels', -1),
    'not a number': ('backbone', 'base_channels', 1e400),
    'large images': ('pipeline', 0, {'type': 'ResizeEdge', 'scale': 10**9}),
    'long': ('backbone', 'x', ['x' * 1000] * 5000),
    'deep': ('backbone', 'x', json.loads('[' * 200 + ']' * 200)),
    'empty': ('backbone', {}),
    'no pipeline': ('pipeline', None),
    'a step that is none': ('pipeline', 0, 'os.system'),
    'a feature that is none': ('feature', '__dict__'),
}
CRAFTS = {
    'own config.py beside': text('config.py', EXEC),
    'format 1': lambda folder: (
        text('config.py', EXEC)(folder), put('format', value=1)(folder)
    ),
    'format of text': put('format', value=EXEC),
    **{f'config: {name}': put('config', *place, value=value)
       for name, (*place, value) in BUILT.items()},
    'config of text': put('config', value=EXEC),
    **{f'{key} {value!r}'[:40]: put(key, value=value) for key, value in (
        ('dim', 0), ('dim', -16), ('dim', 2**40), ('dim', True), ('dim', '16'), ('dim', 16.0),
        ('dtype', '__class__'), ('dtype', 'int8'), ('dtype', []), ('size', [10**9, 10**9]),
        ('size', '16'), ('classes', 'abc'), ('classes', [1]), ('blocks', {}), ('blocks', [[1]]),
        ('blocks', [[2**60, 2**60, 'a', 'b']]), ('blocks', [[-1, -1, 'a', 'b']]),
        ('blocks', [[4096, 4096, 'a', 'b']] * 1000), ('feature', 'x'), ('network', None),
        ('preprocessing', 'x'), ('checkpoint', 7), ('checkpoint', 'a\0b'),
    )},
    **{f'no {key}': drop(key) for key in ('blocks', 'dim', 'config', 'checkpoint', 'size')},
    **{f'index.json {name}': text('index.json', content) for name, content in (
        ('empty', ''), ('list', '[]'), ('nul', b'\0' * 100), ('bytes', b'\xff\xfe{}'),
        ('deep', '[' * 10**6), ('NaN', '{"format": 2, "dim": NaN}'), ('huge', b' ' * (17 << 20)),
        ('long number', '{"format": ' + '9' * 10_000 + '}'),
    )},
    **{f'{kind.__name__} for {name}': kind(name)
       for kind in (pipe, link, directory, missing, cut, flip)
       for name in ('index.json', 'rows.bin', 'entries.bin', 'approximate.faiss')},
    **{f'{kind.__name__} for {name}': kind(name)
       for kind in (pipe, link, directory)
       for name in ('writing.lock', 'index.json.unfinished', 'approximate.faiss.unfinished')},
    'link to a device': link('rows.bin', '/dev/zero'),
    'zeroed row': lambda folder: open(folder / 'rows.bin', 'r+b').write(bytes(64)),
    'rows that are not finite': rows(lambda content: content.fill(np.nan)),
    'rows that overflow': rows(lambda content: content.fill(3e38)),
    'rows of zeros': rows(lambda content: content.fill(0)),
    'bomb': entries(lambda count: bomb(b' ' * (1 << 20), 200)),
    'bomb of lists': entries(lambda count: bomb(b'[' + b'[],' * (1 << 20), 4)),
    'deep entries': entries(lambda count: bomb(b'[' * 10**6, 1)),
    'packed nonsense': entries(lambda count: b'nonsense'),
    'too few entries': entries(lambda count: [['a'], [None]]),
    'entries of numbers': entries(lambda count: [[1] * count, [None] * count]),
    'entries of dicts': entries(lambda count: [[{}] * count, [{}] * count]),
    'labels of lists': entries(lambda count: [['a'] * count, [['b']] * count]),
    'unequal entries': entries(lambda count: [['a'] * count, []]),
    **{f'name {name!r}'[:40]: names(name) for name in (
        '../../../../etc/passwd', '/etc/passwd', '/dev/zero', '/dev/stdin', 'a\0b', '\x1b[2J',
        '<script>document.title="executed"</script>', '"><img src=x onerror=alert(1)>',
        'x' * 100_000, '\udcff', 'http://127.0.0.1:1/x.png', '$(touch executed)', '',
    )},
    'name of a pipe': piped_name,
    **{f'lists: {name}': put('approximate', key, value=value) for name, key, value in (
        ('no probes', 'probes', 0), ('probes of text', 'probes', '1'), ('negative', 'probes', -1),
        ('too many', 'probes', 2**40), ('recall of text', 'recall', '1'), ('recall', 'recall', 1e9),
        ('rows', 'rows', 7), ('text', 'sha256', EXEC), ('lists', 'lists', 2**39),
    )},
    'lists: none': put('approximate', value=[]),
    'lists: IDMap': other_lists('IDMap,Flat'),
    'lists: Flat': other_lists('Flat'),
    'lists: of other rows': other_lists('IVF4,SQfp16'),
    'lists: nonsense': damaged_lists(lambda content: b'nonsense'),
    'lists: empty': damaged_lists(lambda content: b''),
    'lists: cut': damaged_lists(lambda content: content[: len(content) // 3]),
    'lists: cut at the end': damaged_lists(lambda content: content[:-100]),
    'lists: a huge count': damaged_lists(lambda content: content[:8] + b'\xff' * 8 + content[16:]),
    'checkpoint: pickle': checkpoint(evil_pickle),
    'checkpoint: pipe': checkpoint(piped),
    'checkpoint: device': checkpoint(lambda folder: '/dev/zero'),
    'checkpoint: folder': checkpoint(lambda folder: folder),
    'checkpoint: text': checkpoint(lambda folder: folder / 'treasure/thesis.txt'),
    'checkpoint: address': checkpoint(lambda folder: 'http://127.0.0.1:1/x_20250101-00000000.pth'),
}  # fmt: skip
