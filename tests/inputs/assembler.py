"""Write checkpoints with any opcodes in their pickles, in both formats of PyTorch."""

import io
import pickle
import struct
import types
import zipfile
import zlib
from collections import OrderedDict

import torch


class Code:
    """Opcodes and objects that are pickled in sequence and leave one value."""

    def __init__(self, *parts: object):
        self.parts = parts


class Call:
    """Pickled as the call of any function, and optionally a state for its result."""

    def __init__(self, function, *arguments, state=None):
        self.reduced = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self):
        return self.reduced

    def __call__(self):
        pass  # as the first part of a reduction it has to look like a function


class Pickler(pickle._Pickler):
    """Writes :class:`Code` as it is."""

    def save(self, obj, save_persistent_id=True):
        if not isinstance(obj, Code):
            return super().save(obj, save_persistent_id)
        for part in obj.parts:
            if isinstance(part, bytes):
                self.write(part)
            else:
                self.save(part)


def save(content, path, zipped: bool = True, protocol: int = 2):
    """``torch.save`` with :class:`Pickler`; return the path."""
    module = types.SimpleNamespace(
        __name__='crafted',
        Pickler=Pickler,
        dump=lambda value, file, protocol: Pickler(file, protocol).dump(value),
    )
    with open(path, 'wb') as file:
        torch.save(
            content,
            file,
            pickle_module=module,
            pickle_protocol=protocol,
            _use_new_zipfile_serialization=zipped,
        )
    return path


def text(value: str) -> bytes:
    data = value.encode('utf-8', 'surrogatepass')
    return pickle.BINUNICODE + struct.pack('<I', len(data)) + data


def name(module: str, attribute: str) -> bytes:
    return pickle.GLOBAL + f'{module}\n{attribute}\n'.encode()


def stack_name(module: str, attribute: str) -> bytes:
    return text(module) + text(attribute) + pickle.STACK_GLOBAL


def put(index: int) -> bytes:
    return pickle.LONG_BINPUT + struct.pack('<I', index)


def get(index: int) -> bytes:
    return pickle.LONG_BINGET + struct.pack('<I', index)


def call(module: str, attribute: str, *arguments: str) -> bytes:
    """Call a named function with strings."""
    values = b''.join(map(text, arguments))
    return name(module, attribute) + pickle.MARK + values + pickle.TUPLE + pickle.REDUCE


def doubled(times: int, join: bytes = pickle.TUPLE2) -> bytes:
    """Nested tuples with two references each: hash and repr take 2 ** times steps."""
    return pickle.NONE + (put(9_000_000) + get(9_000_000) + join) * times


def expanded(length: int = 2**40):
    """A tensor of one stored value with a huge shape."""
    return Call(
        torch._utils._rebuild_tensor_v2,
        torch.ones(1)._typed_storage(), 0, (length,), (0,), False, OrderedDict(),
    )  # fmt: skip


def overlapping(good: bytes) -> bytes:
    """An archive in which each storage overlaps all that follow."""
    file = io.BytesIO(good)
    with zipfile.ZipFile(file, 'a') as archive:
        end = archive.start_dir
        for entry in archive.infolist():
            if '/data/' in entry.filename:
                lengths = struct.unpack_from('<HH', good, entry.header_offset + 26)
                start = entry.header_offset + 30 + sum(lengths)
                entry.file_size = entry.compress_size = end - start
                entry.CRC = zlib.crc32(good[start:end])
        archive.writestr('checkpoint/more', b'')  # so that the list is written again
    return file.getvalue()
