"""Refuse keys that a config does not take, such as a misspelled one, before anything is built."""

import difflib
import inspect
from collections.abc import Iterable

from mmengine import registry
from mmengine.config import Config
from mmengine.registry import Registry
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from .variables import CONFIG_KEYS, is_variable

# what MMEngine's builders take besides the arguments of a class
BUILDERS = {'_delete_', '_scope_', 'type', 'init_cfg', 'priority', 'convert_to_iter_based'}
OPTIM_WRAPPER = {'optimizer', 'constructor', 'paramwise_cfg'}
LOADER = {'sampler', 'batch_sampler', 'dataset', 'num_batch_per_epoch'}
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader', 'test_cfg.reference')
PLAIN = {  # dicts without a type
    'auto_scale_lr': {'enable', 'base_batch_size'},
    'env_cfg': {'cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit'},
    'randomness': set(inspect.signature(Runner.set_randomness).parameters) - {'self'},
}
DEFAULT_TYPES = {'optim_wrapper': 'OptimWrapper', 'val_cfg': 'ValLoop', 'test_cfg': 'TestLoop'}


def merge_options(cfg: Config, options: dict) -> None:
    """Merge ``--cfg-options`` into a config.

    Raises:
        ValueError: A key is not one that the config takes.
    """
    check_keys(cfg, options)
    cfg.merge_from_dict(options)


def check_keys(cfg: Config, options: dict, option: str = '--cfg-options') -> None:
    """Check that a config has each key, or takes it as an argument of what it configures.

    Args:
        cfg (Config): The config before the options are merged.
        options (dict): Key -> value.
        option (str): What the message calls them.

    Raises:
        ValueError: A key is not one that the config takes.
    """
    cfg = Config(cfg.to_dict())
    types = {key: value for key, value in options.items() if key.endswith('.type')}
    for key in [*types, *options]:
        _check_key(cfg, key, option)
        if key in types:  # decides what the other keys may be
            cfg.merge_from_dict({key: types[key]})


def _check_key(cfg: Config, key: str, option: str) -> None:
    place, above = cfg._cfg_dict, ''
    for part in key.split('.'):
        if place is None:
            return  # a dict takes its place
        names, more = _names(cfg, above, place)
        known = set(names)
        close = difflib.get_close_matches(part, known, 3, cutoff=0.8 if more else 0.6)
        if part not in known and (close or not more):
            shown = [f'{above}.{name}' if above else name for name in close]
            advice = f'did you mean {" or ".join(shown)}?' if close else _listing(known, place)
            raise ValueError(f'{option} {key}: {above or "the config"} has no {part!r}; {advice}')
        if not above and '.' in key and is_variable(part, cfg):
            raise ValueError(
                f'{option} {key}: {part} is a variable of the config, which other keys have taken '
                'their values from; set the key that takes effect'
            )
        if isinstance(place, dict) and part not in place:
            return
        place = place[int(part)] if isinstance(place, (list, tuple)) else place[part]
        above = f'{above}.{part}' if above else part


def _listing(names: set[str], place) -> str:
    names = sorted(names - BUILDERS)
    if not names:
        return f'its value is {place!r}'
    return f'its keys are {", ".join(names[:20])}{", ..." if names[20:] else ""}'


def _names(cfg: Config, above: str, place) -> tuple[Iterable[str], bool]:
    """Keys that a place of a config has or may have, and whether others may be right, too."""
    if isinstance(place, (list, tuple)):
        return map(str, range(len(place))), False
    if not isinstance(place, dict):
        return (), False
    own = set(place)
    if not above:
        return own | CONFIG_KEYS, False
    if above in PLAIN:
        return own | PLAIN[above], False
    if above == 'default_hooks':
        return own, True
    kind = place.get('type') or DEFAULT_TYPES.get(above)
    if above == 'train_cfg' and kind is None:
        kind = 'EpochBasedTrainLoop' if place.get('by_epoch', True) else 'IterBasedTrainLoop'
    if above in LOADERS and kind is None:
        return own | LOADER | arguments_of(DataLoader)[0], False
    if kind is None:
        return (), True
    found = [arguments_of(each) for each in _classes(cfg, kind)] or [(set(), True)]
    names = own.union(BUILDERS, OPTIM_WRAPPER if above == 'optim_wrapper' else ())
    return names.union(*(each for each, _ in found)), any(more for _, more in found)


def _classes(cfg: Config, kind) -> Iterable:
    """Classes and functions of a type's name, in whatever registry they are."""
    if not isinstance(kind, str):
        return [kind] if callable(kind) else []
    name = kind if '.' in kind else f'{cfg.get("default_scope") or "mmengine"}.{kind}'
    registries = [each for each in vars(registry).values() if isinstance(each, Registry)]
    return {found for each in registries if (found := each.get(name)) is not None}


def arguments_of(factory) -> tuple[set[str], bool]:
    """Names of the arguments of a class or function, and whether it takes others, too."""
    makers = [factory]
    if inspect.isclass(factory):
        makers = [vars(each)['__init__'] for each in factory.__mro__ if '__init__' in vars(each)]
    names = set()
    for maker in makers:
        parameters = inspect.signature(maker).parameters.values()
        names |= {each.name for each in parameters if each.kind is not each.VAR_KEYWORD}
        others = [each.name for each in parameters if each.kind is each.VAR_KEYWORD]
        if others != ['kwargs']:  # by another name, they are not for the class above
            return names - {'self'}, bool(others)
    return names - {'self'}, True
