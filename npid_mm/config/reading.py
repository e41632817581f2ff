"""Read configs, and complete the settings of their data loaders."""

import re
from pathlib import Path

import torch
from mmengine.config import Config

from npid_mm.extras import EXTRAS, MissingExtraError, check_extra

from .keys import merge_options
from .types import check_types
from .variables import read_with_variables


def read_config(path: str | Path, options: dict | None = None) -> Config:
    """Read a config and merge options into it; report a missing base package clearly.

    Args:
        path (str | Path): A config file.
        options (dict, optional): Key -> value, as of ``--cfg-options``: a dotted key, or a
            variable of the config or its bases.

    Raises:
        ValueError: The config fails as it is run, an option is not one that it takes or changes
            nothing, or a type is not registered.
        MissingExtraError: That package, or operators of mmcv that it needs, are missing.
    """
    try:
        cfg = read_with_variables(path, options or {})
    except ImportError as error:
        cause = error
        while cause is not None:  # MMEngine wraps what a custom import raises
            if isinstance(cause, MissingExtraError):
                raise cause from None
            cause = cause.__context__
        for package in EXTRAS:
            if re.search(rf'\b{package}', str(error)):  # of a base: mmsegmentation, say
                check_extra(package)
        raise
    if cfg.get('default_scope') in EXTRAS:
        check_extra(cfg.default_scope)
    merge_options(cfg, options or {})
    check_types(cfg)
    return cfg


def set_loader_defaults(loader: dict) -> None:
    """Settings that MMPretrain's tools give every loader whose config does not say otherwise."""
    loader.setdefault('pin_memory', torch.cuda.is_available())
    loader.setdefault('persistent_workers', loader.get('num_workers', 0) > 0)
    loader.setdefault('collate_fn', dict(type='default_collate'))
    # a config with `_base_ = 'npid_mm::...'` has it, and the Runner takes it for an argument
    loader['collate_fn'].pop('_scope_', None)


def settle_workers(cfg: Config) -> None:
    """Take the settings of worker processes from all loaders with ``num_workers=0``.

    Torch refuses them there, but they are in the configs' bases, while the number of workers is set
    on the command line.
    """
    waiting = list(cfg.values())
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if value.get('num_workers') == 0:
                value['persistent_workers'] = False
                for key in ('prefetch_factor', 'timeout', 'multiprocessing_context'):
                    value.pop(key, None)
            value = value.values()
        elif not isinstance(value, (list, tuple)):
            continue
        waiting += value
