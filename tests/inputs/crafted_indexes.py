"""Index folders of attackers and failing disks, by name."""

import json

import numpy as np
from onnx import TensorProto

from tests.inputs.crafts import (
    EVIL,
    EXEC,
    bomb,
    checkpoint,
    cut,
    damaged_lists,
    directory,
    drop,
    encoder,
    endless,
    entries,
    evil_pickle,
    external,
    filled,
    flip,
    graph,
    link,
    missing,
    names,
    other_lists,
    pipe,
    piped,
    piped_name,
    put,
    rows,
    text,
)

TYPES = [
    'os.system', 'subprocess.Popen', 'builtins.eval', 'mmengine.Config.fromfile', 'torch.load',
    'mmpretrain.models.backbones.ResNet', 'mmpretrain::ResNet', 'mmdet.ResNet', f'lambda: {EXEC}',
    EXEC, '../evil', 'HuggingFaceClassifier', 'TIMMBackbone', 'Blip2Caption', 'LoRAModel', '', 7,
    None, ['os', 'system'], {'type': 'os.system'},
]  # fmt: skip
ENCODERS = {
    'empty': b'',
    'nonsense': b'nonsense',
    'cut field': b'\x3a\xff\xff\xff\xff\x0f',
    'endless number': b'\xff' * 1000,
    'many fields': b'\x08\x01' * 1_100_000,
    'other input': graph(('Identity', ['image'], ['embedding'], {}), kind=TensorProto.FLOAT),
    'huge input': graph(
        ('Identity', ['image'], ['embedding'], {}), shape=('B', 1 << 40, 1 << 40, 3)
    ),
    'no output': graph(),
    'pixels as rows': graph(
        ('Cast', ['image'], ['x'], dict(to=TensorProto.FLOAT)),
        ('Flatten', ['x'], ['embedding'], {}),
    ),
    'custom operator': graph(
        ('Evil', ['image'], ['embedding'], dict(domain='evil')), opsets=['evil']
    ),
    'contributed operator': graph(
        ('Gelu', ['image'], ['embedding'], dict(domain='com.microsoft')), opsets=['com.microsoft']
    ),
    **{
        f'weights at {each}'[:40]: external(each)
        for each in (
            '../treasure/thesis.txt',
            '/etc/passwd',
            '/dev/zero',
            '/dev/stdin',
            'rows.npy',
            '',
        )
    },
    'huge tensor': filled(1, 1 << 36),
    'huger tensor': filled(1, 1 << 62),
    'tensor of negative size': filled(-1, -1),
    'endless loop': endless(),
}
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
    'repeated outputs': ('backbone', 'out_indices', [0] * 5000),
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
    'a step that is not a dict': ('pipeline', 0, 'os.system'),
    'an unknown feature': ('feature', '__dict__'),
}
SETTINGS = (
    b'{"format": 1, "read": {"background": [9, 9, 9], "max_pixels": 9999, "value_range": null}, '
    b'"steps": %s, "size": [16, %d]}'
)
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
       for name in ('index.json', 'rows.npy', 'entries.bin', 'approximate.faiss')},
    **{f'{kind.__name__} for {name}': kind(name)
       for kind in (pipe, link, directory)
       for name in ('writing.lock', 'index.json.unfinished', 'approximate.faiss.unfinished')},
    **{f'{kind.__name__} for {name}': kind(name)
       for kind in (pipe, link, directory, missing, cut, flip)
       for name in ('encoder.onnx', 'preprocessing.json')},
    **{f'{kind.__name__} for {name}': kind(name)
       for kind in (pipe, link, directory)
       for name in ('encoder.onnx.unfinished.onnx', 'preprocessing.json.unfinished')},
    **{f'encoder: {name}': encoder('encoder.onnx', lambda _, content=content: content)
       for name, content in ENCODERS.items()},
    'encoder: cut in the middle': encoder(
        'encoder.onnx', lambda content: content[: len(content) // 2]
    ),
    **{f'preprocessing: {name}'[:60]: encoder('preprocessing.json', lambda _, text=text: text)
       for name, text in (
        ('empty', b''), ('list', b'[]'), ('deep', b'[' * 60_000), ('long', b' ' * (1 << 17)),
        ('huge size', SETTINGS % (b'[]', 1 << 20)), ('other size', SETTINGS % (b'[]', 17)),
        ('huge step', SETTINGS % (b'[{"type": "center_crop", "width": 99999, "height": 1}]', 16)),
        ('code', SETTINGS % (b'[{"type": "__import__(\'os\')"}]', 16)),
        ('many steps', SETTINGS % (b'[' + b'{},' * 999 + b'{}]', 16)),
    )},
    **{f'encoder {each!r}'[:40]: put('encoder', value=each)
       for each in (7, [], {'encoder.onnx': 'x'}, {'encoder.onnx': [], 'preprocessing.json': 1})},
    'no encoder': put('encoder', value=None),
    'link to a device': link('rows.npy', '/dev/zero'),
    'zeroed row': lambda folder: open(folder / 'rows.npy', 'r+b').write(bytes(64)),
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
