"""Build the plain values and stubs that a checkpoint may contain, from checked arguments."""

import math
import pickle
from collections import Counter, OrderedDict
from collections.abc import Iterable
from typing import Any, NoReturn

import torch
from torch import Tensor

# class of a storage in a file -> dtype
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
SEQUENCES = (list, tuple, set, frozenset)  # subclasses may iterate over anything
# types with a hash in constant time; so have integers up to KEY_LIMIT, which are their own hashes
KEYS = (str, bytes, bool, float, type(None), torch.dtype, torch.device)
KEY_LIMIT = 1 << 60
KEY_PARTS = 16  # values in a tuple or frozenset used as a key
KEY_TUPLES = 50  # tuples and frozensets among the keys of a file
KEY_LENGTH = 4096  # characters of a string
DIMENSIONS = 64  # dimensions per tensor, more than torch handles
METADATA = '_metadata'  # attribute of a state dict: versions of its modules


class StubObject:
    """Placeholder for an object of any other class; keeps only the object's state.

    Attributes:
        stands_for (str): Module and name of the class or function in the file.
        state (object): State of the object in the file; None if it has none.
    """

    stands_for = ''
    state: object = None

    def __init__(self, *args: object, **kwargs: object):
        pass

    def __setstate__(self, state: object) -> None:
        self.state = state

    def __setitem__(self, key: object, value: object) -> None:  # called for subclasses of dict
        pass

    def extend(self, items: object) -> None:
        """Discard the items of a subclass of list or set."""

    append = add = extend

    def __repr__(self) -> str:
        return f'<stub of {self.stands_for[:80]}>'


def refuse(allowed: str, got: object) -> NoReturn:
    """Raise an UnpicklingError with the type of ``got``, whose repr may be endless."""
    raise pickle.UnpicklingError(f'{allowed}, got {type(got).__name__}')


class KeyChecker:
    """Check the keys of dictionaries and the elements of sets in one pickle.

    Anyone can choose tuples with equal hashes, which are compared with each other, and long strings
    that differ in their last character. So both are limited.
    """

    def __init__(self) -> None:
        self._tuples = 0

    def is_plain(self, key: Any) -> bool:
        """Return whether a key is plain: without a placeholder.

        Raises:
            UnpicklingError: If it is not a plain value, a placeholder, or a short, flat tuple of
                them, and so might take long to hash or to compare; or if there were many tuples.
        """
        parts: Iterable[Any] = (key,)
        if type(key) in (tuple, frozenset, torch.Size):
            self._tuples += 1
            if self._tuples > KEY_TUPLES or len(key) > KEY_PARTS:
                raise pickle.UnpicklingError(
                    f'keys may be {KEY_TUPLES} tuples of up to {KEY_PARTS} values, got more'
                )
            parts = key
        return all([_is_plain_part(part) for part in parts])

    def check(self, items: Iterable) -> Iterable:
        """Return ``items``, a sequence or set, after checking each with :meth:`is_plain`."""
        if type(items) not in SEQUENCES:
            refuse('a set must be made from a list', items)
        for item in items:
            self.is_plain(item)
        return items


def _is_plain_part(part: Any) -> bool:
    kind = type(part)
    if kind is int and abs(part) >= KEY_LIMIT:
        raise pickle.UnpicklingError('a key may be an integer of up to 60 bits')
    if kind in (str, bytes) and len(part) > KEY_LENGTH:
        raise pickle.UnpicklingError(f'a key may have up to {KEY_LENGTH} characters')
    if isinstance(part, (StubObject, type)):
        return False
    if kind not in (int, *KEYS):
        refuse('a key must be a string, a number or a flat tuple of such', part)
    return True


def plain_set(keys: KeyChecker, items: Iterable = ()) -> set:
    """Build a set."""
    return set(keys.check(items))


def plain_frozenset(keys: KeyChecker, items: Iterable = ()) -> frozenset:
    """Build a frozenset."""
    return frozenset(keys.check(items))


def ordered_dict(keys: KeyChecker, items: Iterable = ()) -> OrderedDict:
    """Build an OrderedDict from a dictionary or from pairs, as Python 2 wrote them."""
    if isinstance(items, dict):  # its keys were checked when they were set
        return OrderedDict(items)
    if type(items) not in SEQUENCES:
        refuse('a dictionary must be made from a list of pairs', items)
    made = OrderedDict()
    for pair in items:
        if type(pair) not in (list, tuple) or len(pair) != 2:
            refuse('a dictionary must be made from pairs', pair)
        if keys.is_plain(pair[0]):
            made[pair[0]] = pair[1]
    return made


def counter(counts: dict | None = None) -> Counter:
    """Build the Counter of a learning rate schedule from a dictionary."""
    if counts is not None and not isinstance(counts, dict):
        refuse('a Counter must be made from a dictionary', counts)
    return Counter(counts)


def size(lengths: tuple = ()) -> torch.Size:
    """Build a torch.Size from integers; torch itself would also read tensors."""
    return torch.Size(_integers(lengths, 'a torch.Size'))


def device(*names: str | int) -> torch.device:
    """Build a torch.device."""
    if not all(type(name) in (str, int) for name in names):
        raise pickle.UnpicklingError('a torch.device must be made from a name and a number')
    return torch.device(*names)


def rebuild_tensor(
    storage: Tensor, offset: int, lengths: tuple, stride: tuple, *_: object
) -> Tensor:
    """Build a tensor from its storage; torch raises RuntimeError if it reaches beyond that."""
    if not isinstance(storage, Tensor):
        refuse('a tensor must be made from a storage', storage)
    return storage.as_strided(*_place(offset, lengths, stride))


def rebuild_parameter(data: Tensor, *_: object) -> Tensor:
    """Build a parameter, as a plain tensor."""
    if not isinstance(data, Tensor):
        refuse('a parameter must hold a tensor', data)
    return data


def set_state(target: Tensor | dict, state: object) -> None:
    """Restore the state of a tensor or a dictionary, without attributes.

    A state dict keeps the versions of its modules, which torch needs to load old weights.

    Raises:
        UnpicklingError: If the state has another form.
    """
    if isinstance(target, dict):
        if not isinstance(state, dict):
            refuse('the state of a dictionary must be a dictionary', state)
        if METADATA in state and isinstance(target, OrderedDict):
            setattr(target, METADATA, _versions(state[METADATA]))
    elif type(state) is tuple and len(state) == 4:
        lengths, stride, offset = _place(*state[1:])
        target.set_(state[0], offset, lengths, stride)
    elif type(state) is not tuple or len(state) != 3:  # the flags and hooks of a parameter
        refuse('the state of a tensor must be a tuple of 3 or 4', state)


def _versions(metadata: object) -> OrderedDict:
    """Return only the versions of modules from the metadata."""
    if not isinstance(metadata, dict):
        refuse('the metadata of a state dict must be a dictionary', metadata)
    return OrderedDict(
        (name, {'version': found['version']})
        for name, found in metadata.items()
        if type(name) is str and isinstance(found, dict) and type(found.get('version')) is int
    )


def _place(offset: int, lengths: tuple, stride: tuple) -> tuple[tuple, tuple, int]:
    """Return the shape, the stride and the offset of a tensor in its storage."""
    lengths, stride = _integers(lengths, 'a shape'), _integers(stride, 'a stride')
    if math.prod(map(abs, lengths)) >= KEY_LIMIT:
        raise pickle.UnpicklingError('a tensor has more values than any memory holds')
    return lengths, stride, *_integers((offset,), 'an offset')


def _integers(values: Any, what: str) -> tuple:
    if type(values) not in (tuple, list, torch.Size) or len(values) > DIMENSIONS:
        refuse(f'{what} must be a tuple of up to {DIMENSIONS} integers', values)
    for value in values:
        if type(value) is not int:
            refuse(f'{what} must be of integers', value)
    return tuple(values)


# replacements of the classes and functions that a file names; protocol 2 has Python 2's builtins
BUILDERS = {
    ('collections', 'Counter'): counter,
    ('torch', 'Size'): size,
    ('torch', 'device'): device,
    ('torch._utils', '_rebuild_tensor'): rebuild_tensor,
    ('torch._utils', '_rebuild_tensor_v2'): rebuild_tensor,
    ('torch._utils', '_rebuild_parameter'): rebuild_parameter,
    ('torch.nn.parameter', 'Parameter'): rebuild_parameter,  # torch < 0.4
}
# those whose first argument is the KeyChecker of the pickle
KEYED_BUILDERS = {
    ('collections', 'OrderedDict'): ordered_dict,
    ('builtins', 'set'): plain_set,
    ('__builtin__', 'set'): plain_set,
    ('builtins', 'frozenset'): plain_frozenset,
    ('__builtin__', 'frozenset'): plain_frozenset,
}
