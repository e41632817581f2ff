"""Unpickling of which nothing but tensors and plain values comes to life."""

import pickle
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import BinaryIO

import torch
from torch import Tensor

# type of a storage in a file -> dtype
STORAGES = {
    'DoubleStorage': torch.float64,
    'FloatStorage': torch.float32,
    'HalfStorage': torch.float16,
    'BFloat16Storage': torch.bfloat16,
    'LongStorage': torch.int64,
    'IntStorage': torch.int32,
    'ShortStorage': torch.int16,
    'CharStorage': torch.int8,
    'ByteStorage': torch.uint8,
    'BoolStorage': torch.bool,
    'ComplexDoubleStorage': torch.complex128,
    'ComplexFloatStorage': torch.complex64,
}
DTYPES = {str(dtype).removeprefix('torch.'): dtype for dtype in STORAGES.values()}
# types without a method that could be put to use; builtins go by their old name in protocol 2
PLAIN = {
    ('collections', 'OrderedDict'): OrderedDict,
    ('builtins', 'set'): set,
    ('__builtin__', 'set'): set,
    ('builtins', 'frozenset'): frozenset,
    ('__builtin__', 'frozenset'): frozenset,
    ('torch', 'Size'): torch.Size,
    ('torch', 'device'): torch.device,
}


class Inert:
    """Takes the place of an object of any other class, and does nothing but keep its state.

    Attributes:
        stands_for (str): Module and name of the class or function in the file.
        state (object): What the file would restore the object from; None if nothing.
    """

    stands_for = ''
    state = None

    def __init__(self, *args, **kwargs):
        pass

    def __setstate__(self, state):
        self.state = state

    def __setitem__(self, key, value):  # of a dict that is no plain one
        pass

    def extend(self, items):
        """Swallow the items of a list that is no plain one."""

    append = add = extend

    def __repr__(self):
        return f'<inert {self.stands_for}>'


class TensorUnpickler(pickle.Unpickler):
    """Builds tensors, containers and plain values; all else becomes :class:`Inert`.

    No class or function that a file names is ever looked up, so none can be called.

    Args:
        file (BinaryIO): Where the pickle starts.
        storage (Callable): What a storage is taken from: the arguments of its persistent id to
            its elements as one row.
    """

    def __init__(self, file: BinaryIO, storage: Callable[..., Tensor]):
        # the protocol knows no encoding for the byte strings of Python 2; this one reads any
        super().__init__(file, encoding='latin1')
        self._storage = storage

    def find_class(self, module: str, name: str):
        """What takes the place of ``module.name``.

        Functions and classes are made anew for each call: whatever a pickle sets on one of them
        stays with it.
        """
        if (module, name) in PLAIN:
            return PLAIN[module, name]
        if module == 'torch' and name in DTYPES:
            return DTYPES[name]
        if module in ('torch', 'torch.cuda') and name in STORAGES:
            return STORAGES[name]
        if (module, name) in REBUILD:
            rebuild = REBUILD[module, name]
            return lambda *args: rebuild(*args)
        return type(name, (Inert,), {'stands_for': f'{module}.{name}'})

    def persistent_load(self, saved_id: tuple):
        """A storage, or the class of a module, which torch < 1.6 saved with its source code."""
        if isinstance(saved_id, tuple) and saved_id[:1] == ('storage',):
            return self._storage(*saved_id[1:])
        if isinstance(saved_id, tuple) and saved_id[:1] == ('module',):
            return saved_id[1]
        raise pickle.UnpicklingError(f'unknown kind of reference: {saved_id!r:.80}')


def _rebuild_tensor(storage: Tensor, offset: int, size: tuple, stride: tuple, *_) -> Tensor:
    """A tensor from its storage; one that would reach beyond it raises a RuntimeError."""
    return storage.as_strided(size, stride, offset)


def _rebuild_parameter(data: Tensor, *_) -> Tensor:
    """A parameter, as a plain tensor."""
    if not isinstance(data, Tensor):
        raise pickle.UnpicklingError(f'a parameter must hold a tensor, got {type(data).__name__}')
    return data


REBUILD = {
    ('torch._utils', '_rebuild_tensor'): _rebuild_tensor,
    ('torch._utils', '_rebuild_tensor_v2'): _rebuild_tensor,
    ('torch._utils', '_rebuild_parameter'): _rebuild_parameter,
    ('torch.nn.parameter', 'Parameter'): _rebuild_parameter,  # torch < 0.4
    ('collections', 'Counter'): Counter,  # of schedulers
}
