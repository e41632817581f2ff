"""Check that the types in a config are registered, and accept their arguments."""

from collections.abc import Callable

from mmengine.config import Config

from npid_mm.config.tree import dicts
from npid_mm.config.variables import CONFIG_KEYS
from npid_mm.utils.text import suggestion

from .class_lookup import BUILDERS, arguments_of, registered_classes, registered_names

# keys below which MMEngine and MMPretrain build whatever has a type
BUILT = {
    'backbone', 'custom_hooks', 'data_preprocessor', 'dataset', 'head', 'memory_bank', 'model',
    'neck', 'optim_wrapper', 'optimizer', 'param_scheduler', 'pipeline', 'sampler', 'test_cfg',
    'test_evaluator', 'train_cfg', 'val_cfg', 'val_evaluator', 'vis_backends', 'visualizer',
}  # fmt: skip

# keys that builders take from the settings of a class
TAKEN = BUILDERS | {'constructor', 'paramwise_cfg', 'num_batch_per_epoch'}


def check_types(cfg: Config) -> None:
    """Check that the types in a config are registered, and accept their arguments.

    An unregistered type is refused below the keys of :data:`BUILT`. Elsewhere it is refused if its
    name is close to a registered one, as some classes give ``type`` another meaning.

    Args:
        cfg (Config): A config, whose ``custom_imports`` have been imported.

    Raises:
        ValueError: If a type is not registered, or its class does not have an argument. The
            message has the key, and names that are close.
    """
    scope = cfg.get('default_scope') or 'mmengine'
    built = {key: value for key, value in cfg.to_dict().items() if key in CONFIG_KEYS}
    for path, place in dicts(built):
        name = place.get('type')
        if not isinstance(name, str) or '.' in name:
            continue
        found = registered_classes(name, place.get('_scope_') or scope)
        if found:
            _check_arguments(path, place, found)
        elif name not in registered_names():
            _check_unregistered(path, name)


def _is_built(path: str) -> bool:
    """Return whether MMEngine or MMPretrain builds the class at a dotted key."""
    *_, above, key = ['', *(each for each in path.split('.') if not each.isdecimal())]
    return key in BUILT or above == 'default_hooks'


def _check_unregistered(path: str, name: str) -> None:
    built = _is_built(path)
    unknown = 'custom_imports must name the module that registers it'
    advice = suggestion(name, registered_names(), unknown, 0.7 if built else 0.85)
    if built or advice != unknown:
        raise ValueError(f'{path}.type must be registered, got {name!r}; {advice}')


def _check_arguments(path: str, place: dict, found: set[Callable]) -> None:
    """Check the arguments of a class that MMEngine builds, or whose name is npid_mm's alone.

    Elsewhere a class may be looked up in another registry, or take arguments of its builder.
    """
    own = len(found) == 1 and all(each.__module__.startswith('npid_mm.') for each in found)
    if not (own or _is_built(path)):
        return
    every = [arguments_of(each) for each in found]
    names = set().union(*(names for names, _ in every))
    for key in place.keys() - names - TAKEN if not any(more for _, more in every) else ():
        advice = suggestion(key, names, f'it has {", ".join(sorted(names))}')
        raise ValueError(f'{path}.{key}: {place["type"]} has no argument {key!r}; {advice}')
