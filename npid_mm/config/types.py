"""Check the classes that a config names, and the arguments that it gives them."""

import difflib
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module

import mmengine.registry
import mmpretrain.registry
from mmengine.config import Config
from mmengine.registry import Registry

from .keys import BUILDERS, arguments_of
from .variables import CONFIG_KEYS

# MMPretrain's BATCH_AUGMENTS has no parent
SPACES = {**vars(mmpretrain.registry), **vars(mmengine.registry)}.values()
ROOTS = [each for each in SPACES if isinstance(each, Registry) and each.parent is None]
# places below which MMEngine and MMPretrain build whatever has a type
BUILT = {
    'backbone',
    'custom_hooks',
    'data_preprocessor',
    'dataset',
    'head',
    'memory_bank',
    'model',
    'neck',
    'optim_wrapper',
    'optimizer',
    'param_scheduler',
    'pipeline',
    'sampler',
    'test_cfg',
    'test_evaluator',
    'train_cfg',
    'val_cfg',
    'val_evaluator',
    'vis_backends',
    'visualizer',
}


def check_types(cfg: Config) -> None:
    """Check that the types in a config are registered, and the arguments of this package's own.

    A type that is not registered is refused where it is sure to be built, and elsewhere if its
    name is close to a registered one: some classes read a ``type`` in a way of their own.

    Args:
        cfg (Config): A config, whose ``custom_imports`` have been imported.

    Raises:
        ValueError: A type is not registered, or its class has no such argument. The message has
            the key, and names that are close.
    """
    scope = cfg.get('default_scope') or 'mmengine'
    built = {key: value for key, value in cfg.to_dict().items() if key in CONFIG_KEYS}
    for path, place in _dicts(built, ''):
        name = place.get('type')
        if not isinstance(name, str) or '.' in name:
            continue
        found = _registered(name, place.get('_scope_') or scope)
        if found:
            _check_arguments(path, place, found)
        elif name not in _names():
            _refuse(path, name)


def _refuse(path: str, name: str) -> None:
    """Refuse a type that is not registered, unless it may be of another meaning."""
    *_, above, key = ['', *(each for each in path.split('.') if not each.isdecimal())]
    sure = key in BUILT or above == 'default_hooks'
    close = difflib.get_close_matches(name, _names(), 3, 0.7 if sure else 0.85)
    advice = 'custom_imports must name the module that registers it'
    if close:
        advice = f'did you mean {" or ".join(close)}?'
    if sure or close:
        raise ValueError(f'{path}.type must be registered, got {name!r}; {advice}')


def _dicts(value, path: str) -> Iterator[tuple[str, dict]]:
    """Every dict inside a value, with its dotted key."""
    if isinstance(value, dict):
        if path:
            yield path, value
        items = value.items()
    elif isinstance(value, (list, tuple)):
        items = enumerate(value)
    else:
        return
    for key, each in items:
        yield from _dicts(each, f'{path}.{key}' if path else str(key))


def _registered(name: str, scope: str) -> set[Callable]:
    """Classes and functions of a name, in whatever registry they are.

    ``Registry.get`` would import what is not registered as a module, which takes long.
    """
    with suppress(ImportError):  # as MMEngine does where a config names a scope
        import_module(f'{scope}.registry')
    found = set()
    for each in (*ROOTS, *(root.children[scope] for root in ROOTS if scope in root.children)):
        each.import_from_location()
        if name in each.module_dict:
            found.add(each.module_dict[name])
    return found


def _names() -> set[str]:
    """All registered names, also of packages that extend MMEngine's registries."""
    waiting, names = list(ROOTS), set()
    while waiting:
        each = waiting.pop()
        names.update(each.module_dict)
        waiting += each.children.values()
    return names


def _check_arguments(path: str, place: dict, found: set[Callable]) -> None:
    """Refuse arguments that a class of this package does not have."""
    ours = [each for each in found if each.__module__.startswith('npid_mm.')]
    if len(ours) != 1 or len(found) != 1:
        return
    names, more = arguments_of(ours[0])
    for key in place.keys() - names - BUILDERS if not more else ():
        close = difflib.get_close_matches(key, names, 3)
        advice = (
            f'did you mean {" or ".join(close)}?' if close else f'it has {", ".join(sorted(names))}'
        )
        raise ValueError(f'{path}.{key}: {place["type"]} has no argument {key!r}; {advice}')
