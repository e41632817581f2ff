"""The options of pretrain, by short names or by the keys of a config."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from mmengine.config import Config

from npid_mm.config.checks.keys import check_keys
from npid_mm.utils.checks import check_number, check_temperature, check_whole
from npid_mm.utils.text import suggestion


class Option(NamedTuple):
    """A short name for settings of the config.

    Attributes:
        keys (tuple[str, ...]): Dotted keys; empty for a setting that pretrain handles.
        check (Callable): Function of name and value, which raises a ValueError.
    """

    keys: tuple[str, ...]
    check: Callable[[str, Any], None]


def _positive(name: str, value: Any) -> None:
    check_number(name, value, '(0, inf)')


def _non_negative(name: str, value: Any) -> None:
    check_number(name, value, '[0, inf)')


def _whole(least: int) -> Callable[[str, Any], None]:
    return lambda name, value: check_whole(name, value, least)


def _decay(name: str, value: Any) -> None:
    check_number(name, value, '(0, 1]')


def _seed(name: str, value: Any) -> None:
    check_whole(name, value, least=0)
    if value >= 2**32:
        raise ValueError(f'{name} must be below {2**32}, got {value}')


def _temperature(name: str, value: Any) -> None:
    check_temperature(value, name)


def _any(name: str, value: Any) -> None:
    """Leave the check to the class that takes the value."""


OPTIONS = {
    'batch_size': Option(('train_dataloader.batch_size',), _whole(2)),
    'lr': Option(('optim_wrapper.optimizer.lr',), _positive),
    'weight_decay': Option(('optim_wrapper.optimizer.weight_decay',), _non_negative),
    'temperature': Option(('model.head.temperature',), _temperature),
    'dim': Option(('model.neck.out_channels',), _whole(1)),
    'workers': Option((), _whole(0)),
    'seed': Option((), _seed),
    'image_size': Option((), _whole(16)),
    'background': Option((), _any),
    'value_range': Option((), _any),
    'device': Option((), _any),
    'weights': Option((), _any),
    'freeze': Option((), _whole(0)),
    'layer_decay': Option((), _decay),
    'stop_if_worse': Option((), _any),
}
VARIABLES = ('image_size', 'background', 'value_range')  # of the shipped config


def split_options(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Separate short names from the dotted keys of a config.

    Returns:
        tuple[dict, dict]: Values of :data:`OPTIONS`, and key -> value of the config.

    Raises:
        TypeError: If a name without a dot is not one of :data:`OPTIONS`.
        ValueError: If a value is out of range.
    """
    named, dotted = {}, {}
    for name, value in given.items():
        if name in OPTIONS:
            OPTIONS[name].check(name, value)
            named[name] = value
            dotted.update(dict.fromkeys(OPTIONS[name].keys, value))
        elif '.' in name:
            dotted[name] = value
        else:
            others = f'the options are {", ".join(OPTIONS)}, and the dotted keys of a config'
            known = (*OPTIONS, 'model', 'epochs', 'labels', 'resume')
            raise TypeError(f'unknown option {name!r}: {suggestion(name, known, others)}')
    return named, dotted


def check_dotted(cfg: Config, given: Mapping[str, Any]) -> None:
    """Check that a config has the dotted keys among the options.

    Raises:
        ValueError: If it does not.
    """
    check_keys(cfg, {key: value for key, value in given.items() if '.' in key}, 'option')
