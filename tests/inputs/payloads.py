"""Harmful values in a checkpoint.

``payloads(trace, victim)`` gives them by name. Those that run something would write the file
``trace``, or a file whose name begins with it, or remove ``victim``.
"""

import builtins
import os
import pickle
import shutil
import struct
import subprocess
from collections import Counter, OrderedDict
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config

from .assembler import Call, Code, call, doubled, expanded, get, name, put, stack_name, text

LARGE = struct.pack('<Q', 2**40)


def payloads(trace, victim) -> dict[str, object]:
    return executed(trace, victim) | bombs() | tensors() | broken()


def executed(trace, victim) -> dict[str, object]:
    """Named functions, called in every way that a pickle has."""
    write, touch, trace, victim = (
        f'open({str(trace)!r}, "w").close()', f'touch {trace}', str(trace), str(victim)
    )  # fmt: skip
    run = dict(
        os=('system', touch), posix=('system', touch), subprocess=('getoutput', touch),
        builtins=('exec', write), __builtin__=('eval', write), timeit=('timeit', write),
        runpy=('run_path', trace), importlib=('import_module', 'antigravity'), pty=('spawn', touch),
        shutil=('rmtree', victim), pathlib=('Path.unlink', victim), ctypes=('CDLL', trace),
        codecs=('open', trace, 'w'), io=('open', trace, 'w'), numpy=('save', trace, 'x'),
        torch=('load', trace), cProfile=('run', write), code=('interact', write),
        pydoc=('pipepager', 'x', touch), webbrowser=('open', f'file://{trace}'),
        logging=('FileHandler', trace), sqlite3=('connect', trace), tempfile=('mkdtemp', trace),
        marshal=('loads', write), site=('addsitedir', trace), copyreg=('_reconstructor', trace),
        types=('FunctionType', write), operator=('methodcaller', 'system', touch),
        functools=('partial', touch), multiprocessing=('Process', write),
    )  # fmt: skip
    run |= {'torch.hub': ('load', trace, 'x'), 'torch.jit': ('load', trace)}
    run |= {'torch.serialization': ('load', trace), 'pickle': ('loads', write)}
    run |= {'mmengine.config': ('Config.fromstring', write, '.py')}
    run |= {'npid_mm.config.read_config': ('read_config', trace)}
    run |= {'torch._utils': ('_rebuild_wrapper_subclass', trace)}
    made = {f'{module}.{function}': Code(call(module, function, *arguments))
            for module, (function, *arguments) in run.items()}  # fmt: skip
    system = name('os', 'system')
    return made | {
        'a chain of getattr': Call(Call(getattr, Call(__import__, 'os'), 'system'), touch),
        'subprocess.Popen': Call(subprocess.Popen, ['touch', trace]),
        'shutil.rmtree': Call(shutil.rmtree, victim),
        'os.remove': Call(os.remove, os.path.join(victim, 'keep.txt')),
        'Path.touch': Call(Path.touch, Path(trace)),
        'torch.save': Call(torch.save, 1, trace),
        'from_file': Call(torch.UntypedStorage.from_file, trace, True, 8),
        'np.save': Call(np.save, trace, 1),
        'a config': Call(Config.fromstring, write, '.py'),
        'INST': Code(b'(' + text(touch) + b'ios\nsystem\n'),
        'OBJ': Code(b'(' + system + text(touch) + b'o'),
        'NEWOBJ': Code(system + b'(' + text(touch) + b't' + pickle.NEWOBJ),
        'NEWOBJ_EX': Code(system + b'(' + text(touch) + b't}' + pickle.NEWOBJ_EX),
        'STACK_GLOBAL': Code(
            b'\x80\x04' + stack_name('os', 'system') + text(touch) + pickle.TUPLE1 + b'R'
        ),
        'a dotted name': Code(
            b'\x80\x04' + stack_name('torch', 'os.system') + text(touch) + pickle.TUPLE1 + b'R'
        ),
        'EXT1': Code(pickle.EXT1 + b'\x01'),
        'EXT4': Code(pickle.EXT4 + b'\x01\x00\x00\x00'),
        'a memo that is set again': Code(
            name('torch', 'Size') + put(9_000_001) + b'0' + system + put(9_000_001) + b'0'
            + get(9_000_001) + text(touch) + pickle.TUPLE1 + b'R'
        ),
        'an argument of a tensor': Call(torch._utils._rebuild_tensor_v2, Call(eval, write)),
        'a hook of a parameter': Call(
            torch._utils._rebuild_parameter, torch.ones(1), True, OrderedDict(a=Call(eval, write))
        ),
        'the state of a dict': Call(OrderedDict, state=Call(eval, f'{write} or dict()')),
        'methods of a dict': Call(OrderedDict, state=dict(items=builtins.exec, keys=os.system)),
        'the code of a function': Code(
            name('torch._utils', '_rebuild_tensor_v2') + b'N}' + text('__code__')
            + call('builtins', 'compile', write, 'x', 'exec') + b's' + pickle.TUPLE2 + b'b'
        ),
        'attributes of a class': Code(system + b'}' + text('__call__') + system + b'sb'),
        'a text id': Code(b'Pos.system\n'),
        'a module with its source': Code(
            b'(' + text('module') + system + text('/etc/passwd') + text(write) + b'tQ'
        ),
        'a key': {Call(eval, write): 1},
        'an element': {Call(eval, write)},
    }  # fmt: skip


def bombs() -> dict[str, object]:
    """Few bytes that take forever, or all of the memory."""
    deep = doubled(60)
    longest = '_' * 100_000
    items = list(range(3000))
    return {
        'hash: a key': Code(b'}' + deep + b'Ns'),
        'hash: keys': Code(b'}(' + deep + b'Nu'),
        'hash: DICT': Code(b'(' + deep + b'Nd'),
        'hash: a set': Code(name('builtins', 'set') + b'(](' + deep + b'etR'),
        'hash: a frozenset': Code(name('builtins', 'frozenset') + b'(](' + deep + b'etR'),
        'hash: ADDITEMS': Code(b'\x80\x04' + pickle.EMPTY_SET + b'(' + deep + pickle.ADDITEMS),
        'hash: FROZENSET': Code(b'\x80\x04(' + deep + pickle.FROZENSET),
        'hash: an OrderedDict': Code(
            name('collections', 'OrderedDict') + b'(](' + deep + b'N\x86etR'
        ),
        'hash: a Counter': Code(name('collections', 'Counter') + b'(](' + deep + b'etR'),
        'hash: frozensets': Code(b'\x80\x04}' + b'(' * 60 + b'N' + pickle.FROZENSET * 60 + b'Ns'),
        'hash: integers that collide': dict.fromkeys(i * (2**61 - 1) for i in range(3000)),
        'repr: tuples': Code(doubled(60)),
        'repr: lists': Code(b'N' + (put(9_000_000) + b'0](' + get(9_000_000) * 2 + b'e') * 60),
        'repr: a storage': Code(b'(' + text('storage') + deep + b'tQ'),
        'repr: a key of a storage': Code(
            b'(' + text('storage') + name('torch', 'FloatStorage') + deep + text('cpu') + b'K\x01tQ'
        ),
        'repr: an unknown reference': Code(b'(' + text('else') + deep + b'tQ'),
        'deep lists': Code(b']' * 5000 + b'a' * 4999),
        'deep tuples': Code(b')' + b'\x85' * 5000),
        'deep dicts': Code(b'}' + b'K\x01}' * 5000 + b's' * 5000),
        'deep states': Code(*[name('a', 'B') + b')R'] * 300, b'N', b'b' * 300),
        'marks': Code(b'(' * 20_000 + b't' * 20_000),
        'marks without an end': Code(b'(' * 50_000),
        'many steps': Code(b'N0' * 20_000 + b'N'),
        'many classes': Code(name('a', 'b') * 300),
        'a list that is copied again and again': Code(
            b'](' + b'K\x01' * 300 + b'e' + put(9_000_002)
            + (b'0' + name('builtins', 'set') + get(9_000_002) + b'\x85R') * 300
        ),
        'one list with many names': {f'name {i}': items for i in range(3000)},
        'one list in many lists': [[items] for _ in range(3000)],
        'a long name over many values': {longest: list(range(3000))},
        'a memo with a large index': Code(b'N' + put(2**32 - 1)),
        'BYTEARRAY8': Code(b'\x80\x05' + pickle.BYTEARRAY8 + LARGE),
        'BINBYTES8': Code(b'\x80\x04' + pickle.BINBYTES8 + LARGE),
        'BINUNICODE8': Code(b'\x80\x04' + pickle.BINUNICODE8 + LARGE),
        'BINUNICODE8, far more': Code(b'\x80\x04' + pickle.BINUNICODE8 + b'\xff' * 8),
        'FRAME': Code(b'\x80\x04' + pickle.FRAME + LARGE),
        'LONG4': Code(pickle.LONG4 + struct.pack('<i', 2**31 - 1)),
        'LONG4, negative': Code(pickle.LONG4 + struct.pack('<i', -1)),
        'a long number': Code(pickle.LONG4 + struct.pack('<i', 60_000) + b'\x7f' * 60_000),
        'a long number as text': Code(b'I' + b'9' * 60_000 + b'\n'),
        'a container in itself': Code(b'](' + put(9_000_003) + b'0' + b']' + put(9_000_004)
                                      + get(9_000_004) + b'a'),
        'a dict in itself': Code(b'}' + put(9_000_005) + text('a') + get(9_000_005) + b's'),
        'a tensor with items': Code(expanded(), b'K\x00K\x01s'),
        'a tensor with many items': Code(expanded(), b'(K\x00K\x01u'),
        'append to a tensor': Code(expanded(), b'K\x01a'),
        'extend a tensor': Code(expanded(), b'(K\x01K\x02e'),
        'add to a tensor': Code(b'\x80\x04', expanded(), b'(K\x01', pickle.ADDITEMS),
        'a call with a tensor': Code(name('collections', 'Counter'), expanded(), b'R'),
        'an object from a tensor': Code(name('a', 'B'), expanded(), pickle.NEWOBJ),
    }  # fmt: skip


def tensors() -> dict[str, object]:
    """Tensors that would expose memory, or be far larger than the file."""
    storage = torch.ones(4)._typed_storage()

    def tensor(offset, size, stride):
        return Call(
            torch._utils._rebuild_tensor_v2, storage, offset, size, stride, False, OrderedDict()
        )

    def grown(*state):
        return Call(
            torch._utils._rebuild_tensor_v2,
            torch.ones(3)._typed_storage(), 0, (3,), (1,), False, OrderedDict(), state=state,
        )  # fmt: skip

    kinds = (set, frozenset, OrderedDict, Counter, torch.Size, torch.device)
    return {
        'beyond the end': tensor(0, (5,), (1,)),
        'an offset beyond the end': tensor(4, (1,), (1,)),
        'a large offset': tensor(2**62, (1,), (1,)),
        'a negative offset': tensor(-1, (1,), (1,)),
        'a negative stride': tensor(3, (4,), (-1,)),
        'a stride beyond the end': tensor(0, (2,), (2**40,)),
        'a negative size': tensor(0, (-4,), (1,)),
        'a size that overflows': tensor(0, (2**32, 2**32), (0, 0)),
        'a size of none': tensor(0, (0, 2**62), (1, 1)),
        'a size of text': tensor(0, ('4',), (1,)),
        'other sizes than strides': tensor(0, (2, 2), (1,)),
        'many dimensions': tensor(0, (1,) * 1000, (1,) * 1000),
        'one value, very often': expanded(),
        'one value, often, many times': [expanded(2**21) for _ in range(100)],
        'a part of a part': Call(
            torch._utils._rebuild_tensor_v2, tensor(0, (2,), (1,)), 0, (9,), (1,), False, None
        ),
        'no storage': Call(torch._utils._rebuild_tensor_v2, 7, 0, (1,), (1,), False, None),
        'an object as storage': Call(torch._utils._rebuild_tensor_v2, Call(eval, '1'), 0, (1,)),
        'a state that grows': grown(torch.ones(3), 0, (300,), (1,)),
        'a state with an offset': grown(torch.ones(3), 200, (3,), (1,)),
        'a state of text': grown('a', 'b', 'c', 'd'),
        'a state of five': grown(torch.ones(3), True, 0, 0, 0),
        'hooks of text': grown(True, False, 'hooks'),
        'a parameter of text': Call(torch._utils._rebuild_parameter, 'text', True, OrderedDict()),
        **{f'{kind.__name__} of a tensor': Call(kind, torch.arange(99)) for kind in kinds},
        **{f'{kind.__name__} of a wide tensor': Call(kind, expanded()) for kind in kinds},
    }


def broken() -> dict[str, object]:
    """Valid values, and harmless errors that must end in one line."""
    return {
        'an integer as key': {3: 1, None: 2, (1, 'a'): 3},
        'a class': dict,
        'a function of a stub': torch.Size,
        'a storage': torch.ones(3)._typed_storage(),
        'surrogates': {'\ud800': '\udfff'},
        'a new line': {'a\nb': 'c\x1b[31m\n'},
        'a null byte': Code(name('a\0b', 'c\0d')),
        'nothing on the stack': Code(b'0' * 50),
        'an unknown opcode': Code(b'\xff'),
        'protocol 9': Code(b'\x80\x09N'),
        'a buffer outside': Code(b'\x80\x05' + pickle.NEXT_BUFFER),
        'a read-only buffer': Code(b'\x80\x05C\x01a' + pickle.READONLY_BUFFER),
        'an odd number of items': Code(b'}(K\x01u'),
        'metadata of text': Call(OrderedDict, state=dict(_metadata='text')),
        'metadata of classes': Call(
            OrderedDict, state=dict(_metadata={'': {'version': os.system}})
        ),
        'not a number': [float('nan'), float('inf')],
    }
