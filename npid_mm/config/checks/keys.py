"""Check that a config takes a key, such as one of ``--cfg-options``, before anything is built."""

import inspect
from collections.abc import Callable, Collection
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from npid_mm.config.loaders import LOADERS
from npid_mm.config.tree import value_at
from npid_mm.config.variables import CONFIG_KEYS, is_variable
from npid_mm.utils.text import suggestion

from .class_lookup import BUILDERS, arguments_of, registered_classes

OPTIM_WRAPPER = {'optimizer', 'constructor', 'paramwise_cfg'}
LOADER = {'sampler', 'batch_sampler', 'dataset', 'num_batch_per_epoch'}
UNTYPED = {  # dicts without a type
    'auto_scale_lr': {'enable', 'base_batch_size'},
    'env_cfg': {'cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit'},
    'env_cfg.mp_cfg': {'mp_start_method', 'opencv_num_threads'},
    'optim_wrapper.clip_grad': {
        *('type', 'max_norm', 'norm_type', 'error_if_nonfinite', 'foreach', 'clip_value'),
    },
    'randomness': set(inspect.signature(Runner.set_randomness).parameters) - {'self'},
}
PARAMWISE = 'optim_wrapper.paramwise_cfg'  # of the default constructor
PARAMWISE_KEYS = {
    *('custom_keys', 'bias_lr_mult', 'bias_decay_mult', 'norm_decay_mult', 'dwconv_decay_mult'),
    *('flat_decay_mult', 'dcn_offset_lr_mult', 'bypass_duplicate'),
}
DEFAULT_TYPES = {
    'log_processor': 'LogProcessor',
    'optim_wrapper': 'OptimWrapper',
    'val_cfg': 'ValLoop',
    'test_cfg': 'TestLoop',
}


def merge_options(cfg: Config, options: dict) -> None:
    """Merge ``--cfg-options`` into a config.

    Raises:
        ValueError: If the config does not take a key.
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
        ValueError: If the config does not take a key.
    """
    cfg = Config(cfg.to_dict())
    types = {key: value for key, value in options.items() if key.endswith('.type')}
    for key in [*types, *options]:
        _check_key(cfg, key, option)
        if key in types:  # decides what the other keys may be
            cfg.merge_from_dict({key: types[key]})


def check_own_keys(cfg: Config) -> None:
    """Check the keys that a config itself has where no class would refuse them.

    Raises:
        ValueError: If a top-level dict is named almost like a key that MMEngine reads, or a dict
            without a type has a key that nothing reads.
    """
    for name, value in cfg.items():
        if isinstance(value, dict) and name not in CONFIG_KEYS:
            near = [each for each in CONFIG_KEYS if abs(len(each) - len(name)) < 2]
            advice = suggestion(name, near, '', 0.8)
            if advice:
                raise ValueError(f'the config sets {name}, which nothing reads; {advice}')
    places = {above: value_at(cfg, above) for above in (*UNTYPED, PARAMWISE)}
    custom = (places[PARAMWISE] or {}).get('custom_keys') or {}
    places |= {f'{PARAMWISE}.custom_keys.{name}': each for name, each in custom.items()}
    for above, place in places.items():
        known = _untyped_keys(cfg, above)
        for key in place.keys() - known if isinstance(place, dict) and known else ():
            # an optimizer may read keys of its own from the settings of parameters
            listed = ', '.join(sorted(known))
            otherwise = '' if above.startswith(PARAMWISE) else f'its keys are {listed}'
            advice = suggestion(key, known, otherwise)
            if advice:
                raise ValueError(f'{above} has no {key!r}; {advice}')


def _untyped_keys(cfg: Config, above: str) -> set[str]:
    """Return the keys of a dict without a type, or none where another class reads it."""
    if not above.startswith(PARAMWISE):
        return UNTYPED.get(above, set())
    if 'constructor' in (cfg.get('optim_wrapper') or {}) or above == f'{PARAMWISE}.custom_keys':
        return set()
    return PARAMWISE_KEYS if above == PARAMWISE else {'lr_mult', 'decay_mult'}


def _check_key(cfg: Config, key: str, option: str) -> None:
    place, above = cfg._cfg_dict, ''
    for part in key.split('.'):
        if place is None:
            return  # a dict takes its place
        known, more = _known_keys(cfg, above, place)
        if part not in known:
            otherwise = '' if more else _listing(known, place)
            prefix = f'{above}.' if above else ''
            advice = suggestion(part, known, otherwise, 0.8 if more else 0.6, prefix)
            if advice:
                where = above or 'the config'
                raise ValueError(f'{option} {key}: {where} has no {part!r}; {advice}')
        if not above and '.' in key and is_variable(part, cfg):
            raise ValueError(
                f'{option} {key}: {part} is a variable of the config, whose value was '
                'already copied into other keys; set the key that takes effect'
            )
        if isinstance(place, dict) and part not in place:
            return
        place = place[int(part)] if isinstance(place, (list, tuple)) else place[part]
        above = f'{above}.{part}' if above else part


def _listing(known: Collection[str], place: Any) -> str:
    names = sorted(set(known) - BUILDERS)
    if not names:
        return f'its value is {place!r}'
    return f'its keys are {", ".join(names[:20])}{", ..." if names[20:] else ""}'


def _known_keys(cfg: Config, above: str, place: Any) -> tuple[Collection[str], bool]:
    """Return the keys that a part of a config has or takes, and whether it may take others."""
    if isinstance(place, (list, tuple)):
        return [str(index) for index in range(len(place))], False
    if not isinstance(place, dict):
        return (), False
    own = set(place)
    if not above:
        return own | CONFIG_KEYS, False
    untyped = _untyped_keys(cfg, above)
    if untyped:
        return own | untyped, above.startswith(PARAMWISE)
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


def _classes(cfg: Config, kind: Any) -> Collection[Callable]:
    if isinstance(kind, str):
        return registered_classes(kind, cfg.get('default_scope') or 'mmengine')
    return [kind] if callable(kind) else []
