"""Remove placeholders from a checkpoint before it is saved."""

import io
from collections.abc import MutableMapping
from functools import reduce
from operator import getitem

import torch
from torch import Tensor

from .extent import measure
from .walk import Place, Shared, dotted, dotted_names, mapping_items, walk


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
