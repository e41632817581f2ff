"""Walk through the nested dicts and lists of a config."""

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config


def walk(value: Any, path: str = '') -> Iterator[tuple[str, Any]]:
    """Yield a value and all values inside it with their dotted keys, outer ones first.

    A list without a dict in it counts as one value.

    Args:
        value (Any): A config or a part of one; a yielded dict may be changed.
        path (str): Dotted key of ``value``, empty for a whole config.
    """
    yield path, value
    if not _has_dict(value):
        return
    items = enumerate(value) if isinstance(value, (list, tuple)) else value.items()
    for key, each in list(items):
        yield from walk(each, f'{path}.{key}' if path else str(key))


def dicts(value: Any, path: str = '') -> Iterator[tuple[str, dict]]:
    """Yield all dicts of :func:`walk` with their dotted keys."""
    return ((key, each) for key, each in walk(value, path) if isinstance(each, dict))


def leaves(value: Any, path: str = '') -> Iterator[tuple[str, Any]]:
    """Yield the values of :func:`walk` without a dict in them, with their dotted keys."""
    return ((key, each) for key, each in walk(value, path) if not _has_dict(each))


def value_at(cfg: Config | dict, key: str) -> Any:
    """Return the value of a dotted key, or None if a part of the key is missing."""
    value: Any = cfg
    for part in key.split('.') if key else ():
        value = value.get(part) if isinstance(value, (dict, Config)) else None
    return value


def _has_dict(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_has_dict, value))
    return isinstance(value, (Mapping, Config))
