"""Checkpoints that are to be written again, without the objects that were not brought to life."""

import io
from collections.abc import MutableMapping
from functools import reduce
from operator import getitem

import torch
from torch import Tensor

from .tensor_unpickler import Inert
from .walk import Place, Shared, dotted, mapping_items, walk


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
    return [dotted(path) for path in paths]


def object_paths(content: MutableMapping) -> list[Place]:
    """Where something lies that is neither a tensor nor a plain value nor a container of such.

    A sequence with an object in it counts as one.

    Raises:
        ValueError: A container holds itself.
    """
    return [path for path, value in walk(content, mapping_items) if _has_object(path, value)]


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


def _has_object(path: Place, value) -> bool:
    """Whether the value at ``path`` is an object, or has one in it."""
    if isinstance(value, Shared):  # among mappings, whose paths start at the same place
        _check_apart(path, value)
        return False
    found = False
    for within, each in walk(value):
        if isinstance(each, Shared):
            _check_apart(path + within, Shared(path + each.path))
        found |= isinstance(each, Inert) or (isinstance(each, type) and issubclass(each, Inert))
    return found


def _check_apart(path: Place, shared: Shared) -> None:
    """Refuse a container that comes again within itself."""
    if path[: len(shared.path)] == shared.path:
        raise ValueError(
            f'the checkpoint holds itself: {dotted(path)} is {shared!r}, so it cannot be written '
            'again'
        )
