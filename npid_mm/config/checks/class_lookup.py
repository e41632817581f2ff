"""Look up registered classes by name, and the arguments that they accept."""

import inspect
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module

import mmengine.registry
import mmpretrain.registry
from mmengine.registry import Registry

# what MMEngine's builders take besides the arguments of a class
BUILDERS = {'_delete_', '_scope_', 'type', 'init_cfg', 'priority', 'convert_to_iter_based'}
# MMPretrain's BATCH_AUGMENTS has no parent
SPACES = {**vars(mmpretrain.registry), **vars(mmengine.registry)}.values()
ROOTS = [each for each in SPACES if isinstance(each, Registry) and each.parent is None]


def registered_classes(name: str, scope: str) -> set[Callable]:
    """Find the classes and functions of a name in all registries of a scope and their roots.

    ``Registry.get`` would try to import a name that is not registered, which takes long.

    Args:
        name (str): Such as 'ResNet', or 'mmdet.ResNet' for another scope.
        scope (str): Such as 'mmpretrain'.
    """
    prefix, _, name = name.rpartition('.')
    scope = prefix or scope
    with suppress(ImportError):  # MMEngine imports it too, for a config with this scope
        import_module(f'{scope}.registry')
    found = set()
    for each in (*ROOTS, *(root.children[scope] for root in ROOTS if scope in root.children)):
        each.import_from_location()
        if name in each.module_dict:
            found.add(each.module_dict[name])
    return found


def registered_names() -> set[str]:
    """Return all registered names, those of packages that extend MMEngine's registries too."""
    waiting, names = list(ROOTS), set()
    while waiting:
        each = waiting.pop()
        names.update(each.module_dict)
        waiting += each.children.values()
    return names


def arguments_of(factory: Callable) -> tuple[set[str], bool]:
    """Return the argument names of a class or function, and whether it may take others."""
    makers = [factory]
    if inspect.isclass(factory):
        makers = [vars(each)['__init__'] for each in factory.__mro__ if '__init__' in vars(each)]
    names: set[str] = set()
    for maker in makers:
        parameters = inspect.signature(maker).parameters.values()
        names |= {each.name for each in parameters if each.kind is not each.VAR_KEYWORD}
        others = [each.name for each in parameters if each.kind is each.VAR_KEYWORD]
        if others != ['kwargs']:  # under another name, they are not for the base class
            return names - {'self'}, bool(others)
    return names - {'self'}, True
