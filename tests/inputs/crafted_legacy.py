"""Invalid files in the format before torch 1.6."""

import io
import os
import pickle
import struct
import tarfile
from pathlib import Path

from .assembler import doubled, name, text

HEAD = [0x1950A86A20F9469CFC6C, 1001, dict(protocol_version=1001, little_endian=True)]
KEY = text('0')
KEYS = b'](' + KEY + b'e'
DATA = struct.pack('<q4f', 4, 1, 2, 3, 4)


def storage(numel: bytes = b'K\x04', key: bytes = KEY, view: bytes = b'N') -> bytes:
    kind = name('torch', 'FloatStorage')
    return b'(' + text('storage') + kind + key + text('cpu') + numel + view + b'tQ'


STORAGE = storage()


def tensor(of: bytes = STORAGE) -> bytes:
    place = b'K\x00K\x04\x85K\x01\x85'
    return name('torch._utils', '_rebuild_tensor_v2') + b'(' + of + place + b'\x89NtR'


def state(value: bytes) -> bytes:
    return b'}' + text('state_dict') + b'}' + text('backbone.conv1.weight') + value + b'ss'


def file(content: bytes, keys: bytes = KEYS, data: bytes = DATA, head=tuple(HEAD)) -> bytes:
    pickles = [pickle.dumps(part, 2) for part in head]
    return b''.join([*pickles, b'\x80\x02', content, b'.\x80\x02', keys, b'.', data])


def legacy_files(trace: Path) -> dict[str, bytes]:
    """Invalid files in the format before torch 1.6."""
    size_of = name('torch', 'Size') + tensor(storage().replace(b'FloatStorage', b'LongStorage'))
    view = b'(' + text('v') + b'K\x02K\x08t'
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode='w') as tar:
        link = tarfile.TarInfo('storages')
        link.type, link.linkname = tarfile.SYMTYPE, os.fspath(trace)
        tar.addfile(link)
    ints = struct.pack('<q4q', 4, 1, 2, 3, 4)
    return {
        'legacy of one tensor': file(state(tensor())),
        'legacy size of a tensor': file(state(size_of + b'\x85R'), data=ints),
        'legacy size of what is not filled': file(
            b'}' + text('meta') + size_of + b'\x85Rs', data=ints
        ),
        'legacy without its storage': file(state(tensor()), b']', b''),
        'legacy storage twice': file(state(tensor()), b'](' + text('0') * 2 + b'e'),
        'legacy keys of tuples': file(state(tensor()), b'](' + doubled(60) + b'e'),
        'legacy keys of numbers': file(state(tensor()), b'](K\x00e'),
        'legacy keys of text': file(state(tensor()), text('0')),
        'legacy keys of a tensor': file(state(tensor()), tensor()),
        'legacy short storage': file(state(tensor()), data=struct.pack('<q2f', 4, 1, 2)),
        'legacy other length': file(state(tensor()), data=struct.pack('<q4f', 2**40, 1, 2, 3, 4)),
        'legacy negative length': file(state(tensor(storage(b'J\xff\xff\xff\xff')))),
        'legacy large length': file(state(tensor(storage(b'\x8a\x08' + b'\xff' * 7 + b'\x0f')))),
        'legacy length of text': file(state(tensor(storage(text('4'))))),
        'legacy length of a tensor': file(state(tensor(storage(tensor())))),
        'legacy key of tuples': file(state(tensor(storage(key=doubled(60))))),
        'legacy view beyond the end': file(state(tensor(storage(view=view)))),
        'legacy view of text': file(state(tensor(storage(view=text('view'))))),
        'legacy view of a tensor': file(state(tensor(storage(view=tensor())))),
        'legacy of another magic': file(state(tensor()), head=[7, *HEAD[1:]]),
        'legacy magic of tuples': b'\x80\x02' + doubled(60) + b'.',
        'legacy of big numbers': file(state(tensor()), head=[*HEAD[:2], dict(little_endian=False)]),
        'legacy head of a list': file(state(tensor()), head=[*HEAD[:2], [1]]),
        'legacy tar': archive.getvalue(),
    }  # fmt: skip
