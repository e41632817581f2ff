"""Unpickler that replaces every object but tensors and plain values by a stub."""

import pickle
from collections import Counter, OrderedDict
from collections.abc import Callable
from struct import unpack
from types import FunctionType
from typing import Any, BinaryIO, NoReturn

import torch
from torch import Tensor

from .builders import (
    BUILDERS,
    DTYPES,
    KEYED_BUILDERS,
    STORAGES,
    KeyChecker,
    StubObject,
    refuse,
    set_state,
)

STEPS = 3_000_000  # steps per pickle; 1.28 million image paths take 2.6 million
# opcodes that count as several steps, as they take more time or memory than the others
COSTS = dict.fromkeys(pickle.GLOBAL + pickle.STACK_GLOBAL + pickle.INST, 200) | dict.fromkeys(
    pickle.REDUCE + pickle.NEWOBJ + pickle.OBJ + pickle.BINPERSID + pickle.EMPTY_SET, 4
)
CONTAINERS = (tuple, list, dict, set, frozenset, Counter, OrderedDict, torch.Size)
MARKS = 1000  # unfinished containers
NAME = 1000  # characters of a class name with its module
DIGITS = 1024  # bytes of an integer; Python prints up to 4300 decimal digits

Unpickler: Any = pickle._Unpickler  # its methods are undocumented, and have no types


class TensorUnpickler(Unpickler):
    """Unpickler that builds tensors, containers and plain values, and stubs for the rest.

    A dictionary entry whose key would be a stub is left out.

    No class or function that a file names is looked up, so none can be called. The number of
    steps, the keys that are hashed, and the targets of items and states are limited, so that a
    small file cannot take long or grow large. The base class is Python's unpickler written in
    Python: the one in C builds dictionaries and sets unchecked and cannot be interrupted.

    Args:
        file (BinaryIO): File at the start of the pickle.
        storage (Callable): Returns the elements of a storage as one row, from the arguments of its
            persistent id: dtype, key, location, number of elements and, in files of torch before
            1.6, a view.
        steps (int): Limit of the steps.

    Raises:
        UnpicklingError: By ``load``, if the pickle exceeds a limit or is not one of a checkpoint.
    """

    def __init__(self, file: BinaryIO, storage: Callable[..., Tensor], steps: int = STEPS):
        # byte strings of Python 2 have no known encoding; this one reads any
        super().__init__(file, encoding='latin1')
        self._storage = storage
        self._keys = KeyChecker()
        methods = {
            code: getattr(type(self), each.__name__) for code, each in Unpickler.dispatch.items()
        }
        self.dispatch = _CountedSteps(methods, steps)

    def find_class(self, module: str, name: str) -> object:
        """Return the replacement of ``module.name``.

        Each call returns a new function or class, so that a pickle cannot change a shared one.
        """
        if module == 'torch' and name in DTYPES:
            return DTYPES[name]
        if module in ('torch', 'torch.cuda') and name in STORAGES:
            return STORAGES[name]
        if (module, name) in BUILDERS:
            build: Any = BUILDERS[module, name]
            return lambda *args: build(*args)
        if (module, name) in KEYED_BUILDERS:
            build, keys = KEYED_BUILDERS[module, name], self._keys
            return lambda *args: build(keys, *args)
        if len(module) + len(name) > NAME:  # each class keeps a copy
            raise pickle.UnpicklingError(f'the name of a class has more than {NAME} characters')
        return type(name, (StubObject,), {'stands_for': f'{module}.{name}'})

    def persistent_load(self, saved_id: tuple) -> object:
        """Return a storage, or the class of a module, which torch < 1.6 saved with its source."""
        match saved_id:
            case 'storage', torch.dtype(), str(key), _, int(), *_ if self._keys.is_plain(key):
                return self._storage(*saved_id[1:])
            case 'module', kind, *_:
                return kind
        refuse('a reference must be to a storage or to a module', saved_id)

    def load_mark(self) -> None:
        """Begin a container."""
        super().load_mark()
        if len(self.metastack) > MARKS:
            raise pickle.UnpicklingError(f'more than {MARKS} levels of nested containers')

    def load_int(self) -> None:
        """Read an integer, or a bool, as text."""
        text = self._integer_text()
        self.append(text == b'01' if text in (b'00', b'01') else int(text, 0))

    def load_long(self) -> None:
        """Read a long integer as text."""
        self.append(int(self._integer_text().removesuffix(b'L'), 0))

    def _integer_text(self) -> bytes:
        text = self.readline()[:-1]
        if len(text) > DIGITS:
            raise pickle.UnpicklingError(f'an integer of {len(text)} digits')
        return text

    def load_long4(self) -> None:
        """Read an integer of more than 255 bytes, up to ``DIGITS``."""
        (length,) = unpack('<i', self.read(4))
        if not 0 <= length <= DIGITS:
            raise pickle.UnpicklingError(f'an integer of {length} bytes')
        self.append(pickle.decode_long(self.read(length)))

    def load_bytearray8(self) -> None:
        """Read bytes, without allocating memory by the given length."""
        (length,) = unpack('<Q', self.read(8))
        self.append(bytearray(self.read(length)))

    def load_dict(self) -> None:
        """Build a dictionary of the items since the mark."""
        items = self.pop_mark()
        self.append({})
        self._set_items(items)

    def load_setitem(self) -> None:
        """Set one item of a dictionary."""
        items = self.stack[-2:]
        del self.stack[-2:]
        self._set_items(items)

    def load_setitems(self) -> None:
        """Set the items of a dictionary since the mark."""
        self._set_items(self.pop_mark())

    def _set_items(self, items: list) -> None:
        target = self.stack[-1]
        if not isinstance(target, (dict, StubObject)):
            refuse('items may be set on a dictionary only', target)
        for key, value in zip(items[::2], items[1::2], strict=True):
            if isinstance(target, dict) and self._keys.is_plain(key):
                target[key] = value

    def load_append(self) -> None:
        """Append one item to a list."""
        self._add([self.stack.pop()], list, 'extend')

    def load_appends(self) -> None:
        """Append the items since the mark to a list."""
        self._add(self.pop_mark(), list, 'extend')

    def load_additems(self) -> None:
        """Add the items since the mark to a set."""
        items = self.pop_mark()
        if isinstance(self.stack[-1], set):
            self._keys.check(items)
        self._add(items, set, 'update')

    def _add(self, items: list, kind: type, method: str) -> None:
        target = self.stack[-1]
        if isinstance(target, kind):
            getattr(target, method)(items)
        elif not isinstance(target, StubObject):
            refuse(f'items may be added to a {kind.__name__} only', target)

    def load_frozenset(self) -> None:
        """Build a frozenset of the items since the mark."""
        items = self.pop_mark()  # before self.append, which pop_mark replaces
        self.append(frozenset(self._keys.check(items)))

    def load_reduce(self) -> None:
        """Call a function or class that :meth:`find_class` returned."""
        arguments = self.stack.pop()
        self.append(self._call(self.stack.pop(), arguments))

    def load_newobj(self) -> None:
        """Create an object of a class."""
        self.load_reduce()

    def load_newobj_ex(self) -> None:
        """Create an object of a class; only stubs get keyword arguments, and they need none."""
        self.stack.pop()
        self.load_reduce()

    def load_obj(self) -> None:
        """Call the class that comes after the mark, as protocols 0 and 1 do."""
        kind, *arguments = self.pop_mark()
        self.append(self._call(kind, tuple(arguments)))

    def load_inst(self) -> None:
        """Call the class that is named here with the arguments after the mark."""
        self.load_global()
        kind = self.stack.pop()
        arguments = tuple(self.pop_mark())  # before self.append, which pop_mark replaces
        self.append(self._call(kind, arguments))

    def _call(self, function: Any, arguments: tuple) -> object:
        is_stub = isinstance(function, type) and issubclass(function, StubObject)
        if not (is_stub or isinstance(function, FunctionType)):
            refuse('only a class or a function may be called', function)
        if type(arguments) is not tuple:
            refuse('the arguments of a call must be a tuple', arguments)
        self.dispatch.spend_on(arguments, *arguments)
        return function(*arguments)

    def get_extension(self, code: int) -> NoReturn:
        """Refuse a class given by number: the module copyreg would cache the replacement."""
        raise pickle.UnpicklingError('a class that is given by a number')

    def load_build(self) -> None:
        """Restore the state of an object."""
        target, state = self.stack[-2:]
        inner = state.values() if isinstance(state, dict) else state
        self.dispatch.spend_on(state, *(inner if type(state) in CONTAINERS else ()))
        if isinstance(target, (Tensor, dict)):
            set_state(target, self.stack.pop())
        else:
            super().load_build()


class _CountedSteps:
    """Methods by opcode that count each look-up as a step, up to a limit."""

    def __init__(self, methods: dict[int, Callable], steps: int):
        self._methods = [methods.get(opcode, _unknown) for opcode in range(256)]
        self._costs = [COSTS.get(opcode, 1) for opcode in range(256)]
        self._left = self._steps = steps

    def __getitem__(self, opcode: int) -> Callable:
        self._left -= self._costs[opcode]
        if self._left < 0:
            raise pickle.UnpicklingError(f'it takes more than {self._steps:,} steps to read')
        return self._methods[opcode]

    def spend_on(self, *arguments: Any) -> None:
        """Count a step for each item of arguments, which may be visited repeatedly."""
        self._left -= sum(len(each) for each in arguments if type(each) in CONTAINERS)


def _unknown(unpickler: TensorUnpickler) -> None:
    raise pickle.UnpicklingError('not a pickle: it has an unknown opcode')
