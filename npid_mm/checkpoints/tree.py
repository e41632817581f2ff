"""Traverse, flatten and clean nested checkpoint containers, with shared and cyclic references."""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from functools import reduce
from operator import getitem

import torch
from torch import Tensor

from .limits import measure
from .stub_unpickler import StubObject

LONGEST = 100_000_000  # characters of all names together
Place = tuple[object, ...]  # names from the outermost container on


@dataclass(frozen=True)
class Shared:
    """Takes the place of a container that was met before.

    Attributes:
        path (tuple): Where it was met first.
    """

    path: Place

    def __repr__(self):
        return f'<the same as {dotted(self.path) or "the whole"}>'


def dotted(path: Place) -> str:
    """A path as one name on one line, such as 'state_dict.fc.weight'."""
    name = '.'.join(map(str, path))
    return name if name.isprintable() else name.encode('unicode_escape').decode()


def dotted_names(paths: Iterable[Place]) -> Iterator[str]:
    """:func:`dotted` names of paths.

    Raises:
        ValueError: They have more than 100 million characters together: a long name above a long
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


def mapping_items(value) -> Mapping | None:
    """What is in a mapping by its keys; None if ``value`` is none."""
    return value if isinstance(value, Mapping) else None


def items(value) -> Mapping | None:
    """What is in a mapping, a sequence or a set; None if ``value`` is none of these."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return dict(enumerate(value))
    return mapping_items(value)


def walk(
    content, inner: Callable[[object], Mapping | None] = items
) -> Iterator[tuple[Place, object]]:
    """Paths and values of all that is no container, in order.

    Each container is entered once: where it comes again, a :class:`Shared` stands for it. A small
    file can hold nested lists with exponentially many paths.

    Args:
        content (object): See :func:`~npid_mm.checkpoints.load_tensors`.
        inner (Callable): What is in a container by name; None for all else.
    """
    met, todo = {}, [((), content)]
    while todo:
        path, value = todo.pop()
        inside = inner(value)
        if inside is None:
            yield path, value
        elif id(value) in met:
            yield path, Shared(met[id(value)])
        else:
            met[id(value)] = path
            todo += reversed([((*path, name), each) for name, each in inside.items()])


# where a pickled module keeps what its state dict shows without these names
MODULE_PARTS = ('_parameters', '_buffers', '_modules')


def flat_values(content) -> dict[str, object]:
    """Tensors and plain values of a checkpoint by dotted keys, such as 'state_dict.fc.weight'.

    A pickled module shows its weights as its state dict would, and any other object its
    attributes. What comes again is a :class:`~npid_mm.checkpoints.tree.Shared` there.

    Args:
        content (object): See :func:`~npid_mm.checkpoints.load_tensors`.

    Raises:
        ValueError: The keys are too long together.
    """
    found = list(walk(content, _inner))
    names = dotted_names(path for path, _ in found)
    return dict(zip(names, (value for _, value in found), strict=True))


def _inner(value) -> Mapping | None:
    """What is in a container or an object, the weights of a module among it."""
    if not isinstance(value, StubObject):
        return items(value)
    if not isinstance(value.state, Mapping):
        return None
    own = {name: each for name, each in value.state.items() if name not in MODULE_PARTS}
    for part in MODULE_PARTS:
        inside = value.state.get(part)
        own |= inside if isinstance(inside, Mapping) else {}
    return own


def drop_objects(content: MutableMapping) -> list[str]:
    """Remove, in place, what is neither a tensor nor a plain value nor a container of such.

    Args:
        content (MutableMapping): See :func:`~npid_mm.checkpoints.load_tensors`.

    Returns:
        list[str]: Dotted keys of what was removed.

    Raises:
        ValueError: A container holds itself.
    """
    paths = object_paths(content)
    for path in paths:
        del _holder(content, path)[path[-1]]
    return list(dotted_names(paths))


def object_paths(content: MutableMapping) -> list[Place]:
    """Where something lies that is neither a tensor nor a plain value nor a container of such.

    A sequence with an object in it counts as one.

    Raises:
        ValueError: A container holds itself.
    """
    measured = {}
    return [
        path for path, value in walk(content, mapping_items) if _has_object(path, value, measured)
    ]


def file_bytes(content: MutableMapping) -> bytes:
    """What ``torch.save`` writes; equal content gives equal bytes.

    A tensor that is part of a larger storage is replaced by a copy in ``content``: all of the
    storage would be written, with whatever else it holds.
    """
    for path, value in list(walk(content, mapping_items)):
        if isinstance(value, Tensor) and value.untyped_storage().nbytes() > value.nbytes:
            _holder(content, path)[path[-1]] = value.clone()
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def _holder(content: MutableMapping, path: Place) -> MutableMapping:
    """The container that has what lies at ``path``."""
    return reduce(getitem, path[:-1], content)


def _has_object(path: Place, value, measured: dict) -> bool:
    """Return whether the value at ``path`` is an object, or has one in it.

    Raises:
        ValueError: It is, or has in it, a container that holds itself.
    """
    if isinstance(value, Shared):  # refers to a mapping
        holds_itself, found = path[: len(value.path)] == value.path, False
    else:
        extent = measure(value, measured)
        holds_itself, found = extent.holds_itself, extent.has_object
    if holds_itself:
        raise ValueError(
            f'the checkpoint holds itself: {dotted(path)} leads back to what it is in, so it '
            'cannot be written again'
        )
    return found
