"""Traverse, flatten and clean nested checkpoint containers, with shared and cyclic references."""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from functools import reduce
from operator import getitem

import torch
from torch import Tensor

from .limits import Extent, measure
from .stub_unpickler import StubObject

LONGEST = 100_000_000  # characters of all names together
MODULE_PARTS = ('_parameters', '_buffers', '_modules')  # absent from the keys of a state dict
KeyPath = tuple[object, ...]  # keys from the outermost container on


@dataclass(frozen=True)
class Shared:
    """Reference to a container that was visited before.

    Attributes:
        path (tuple): Where it was visited first.
    """

    path: KeyPath

    def __repr__(self) -> str:
        return f'<the same as {dotted(self.path) or "the whole"}>'


def dotted(path: KeyPath) -> str:
    """Join a path to one printable name, such as 'state_dict.fc.weight'."""
    name = '.'.join(map(str, path))
    return name if name.isprintable() else name.encode('unicode_escape').decode()


def dotted_names(paths: Iterable[KeyPath]) -> Iterator[str]:
    """Yield the :func:`dotted` names of paths.

    Raises:
        ValueError: If they have more than 100 million characters together: a long key of a long
            list is part of the name of each item.
    """
    total = 0
    for path in paths:
        name = dotted(path)
        total += len(name)
        if total > LONGEST:
            raise ValueError(
                f'the names in the checkpoint must have at most {LONGEST:,} characters together'
            )
        yield name


def mapping_items(value: object) -> Mapping | None:
    """Return a mapping as it is; None for anything else."""
    return value if isinstance(value, Mapping) else None


def container_items(value: object) -> Mapping | None:
    """Return the items of a mapping, a sequence or a set by their keys; None for anything else."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return dict(enumerate(value))
    return mapping_items(value)


def walk(
    content: object, items: Callable[[object], Mapping | None] = container_items
) -> Iterator[tuple[KeyPath, object]]:
    """Yield the path and the value of everything that is not a container, in order.

    Each container is entered once; after that, :class:`Shared` refers to it. A small file can hold
    nested lists with exponentially many paths.

    Args:
        content (object): See :func:`~npid_mm.checkpoints.load_tensors`.
        items (Callable): Returns the items of a container by their keys; None for anything else.
    """
    met: dict[int, KeyPath] = {}
    todo: list[tuple[KeyPath, object]] = [((), content)]
    while todo:
        path, value = todo.pop()
        inside = items(value)
        if inside is None:
            yield path, value
        elif id(value) in met:
            yield path, Shared(met[id(value)])
        else:
            met[id(value)] = path
            todo += reversed([((*path, name), each) for name, each in inside.items()])


def flat_values(content: object) -> dict[str, object]:
    """Flatten a checkpoint to {dotted key: value}.

    A pickled module shows its weights as its state dict would, and any other object its attributes.
    A repeated container is shown as a :class:`Shared`.

    Args:
        content (object): See :func:`~npid_mm.checkpoints.load_tensors`.

    Raises:
        ValueError: If the keys are too long together.
    """
    found = list(walk(content, _items_or_attributes))
    names = dotted_names(path for path, _ in found)
    return dict(zip(names, (value for _, value in found), strict=True))


def _items_or_attributes(value: object) -> Mapping | None:
    if not isinstance(value, StubObject):
        return container_items(value)
    if not isinstance(value.state, Mapping):
        return None
    own = {name: each for name, each in value.state.items() if name not in MODULE_PARTS}
    for part in MODULE_PARTS:
        inside = value.state.get(part)
        own |= inside if isinstance(inside, Mapping) else {}
    return own


def drop_objects(content: MutableMapping) -> list[str]:
    """Remove, in place, everything but tensors, plain values and containers of them.

    Args:
        content (MutableMapping): See :func:`~npid_mm.checkpoints.load_tensors`.

    Returns:
        list[str]: Dotted keys of what was removed.

    Raises:
        ValueError: If a container contains itself.
    """
    paths = object_paths(content)
    for path in paths:
        del _parent(content, path)[path[-1]]
    return list(dotted_names(paths))


def object_paths(content: Mapping) -> list[KeyPath]:
    """List the paths of everything but tensors, plain values and containers of them.

    A sequence with an object in it counts as an object.

    Raises:
        ValueError: If a container contains itself.
    """
    measured: dict[int, Extent] = {}
    return [
        path for path, value in walk(content, mapping_items) if _has_object(path, value, measured)
    ]


def file_bytes(content: MutableMapping) -> bytes:
    """Return what ``torch.save`` writes; equal content gives equal bytes.

    A tensor that is part of a larger storage is replaced by a copy in ``content``, because
    ``torch.save`` would write the whole storage.
    """
    for path, value in list(walk(content, mapping_items)):
        if isinstance(value, Tensor) and value.untyped_storage().nbytes() > value.nbytes:
            _parent(content, path)[path[-1]] = value.clone()
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def _parent(content: MutableMapping, path: KeyPath) -> MutableMapping:
    return reduce(getitem, path[:-1], content)


def _has_object(path: KeyPath, value: object, measured: dict) -> bool:
    if isinstance(value, Shared):  # refers to a mapping
        is_cyclic, found = path[: len(value.path)] == value.path, False
    else:
        extent = measure(value, measured)
        is_cyclic, found = extent.is_cyclic, extent.has_object
    if is_cyclic:
        raise ValueError(
            f'the checkpoint contains itself: {dotted(path)} leads back to a container around it, '
            'so it cannot be written again'
        )
    return found
