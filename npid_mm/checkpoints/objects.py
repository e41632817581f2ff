"""Checkpoints that are to be written again, without the objects that were not brought to life."""

import io
from collections.abc import Mapping, MutableMapping

import torch

from .tensor_unpickler import Inert


def drop_objects(content: MutableMapping, key: str = '') -> list[str]:
    """Remove, in place, what is neither a tensor nor a plain value nor a container of such.

    Args:
        content (MutableMapping): See :func:`~npid_mm.checkpoints.load_tensors`.
        key (str): Beginning of the keys that are returned.

    Returns:
        list[str]: Dotted keys of what was removed.
    """
    dropped = []
    for name, value in list(content.items()):
        at = f'{key}{name}'
        if isinstance(value, MutableMapping):
            dropped += drop_objects(value, f'{at}.')
        elif _has_object(value):
            del content[name]
            dropped.append(at)
    return dropped


def file_bytes(content) -> bytes:
    """What ``torch.save`` writes; equal content gives equal bytes."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def _has_object(value) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_object, value.values()))
    if isinstance(value, (list, tuple, set, frozenset)):
        return any(map(_has_object, value))
    return isinstance(value, Inert) or (isinstance(value, type) and issubclass(value, Inert))
