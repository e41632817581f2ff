"""Read a config, merge the command line into it, and check its keys and types."""

import re
from pathlib import Path

from mmengine.config import Config

from npid_mm.config.checks.class_arguments import check_types
from npid_mm.config.checks.keys import check_own_keys, merge_options
from npid_mm.extras import EXTRAS, MissingExtraError, check_extra

from .variables import read_with_variables


def read_config(path: str | Path, options: dict | None = None) -> Config:
    """Read a config and merge options into it; report a missing base package clearly.

    Args:
        path (str | Path): A config file.
        options (dict, optional): Key -> value, as of ``--cfg-options``: a dotted key, or a
            variable of the config or its bases.

    Raises:
        ValueError: If the config fails when it is run, the config does not take an option or the
            option changes nothing, or a type is not registered.
        MissingExtraError: If a base package or the operators of mmcv that it needs are missing.
    """
    try:
        cfg = read_with_variables(path, options or {})
    except ImportError as error:
        cause: BaseException | None = error
        while cause is not None:  # MMEngine wraps what a custom import raises
            if isinstance(cause, MissingExtraError):
                raise cause from None
            cause = cause.__context__
        for package in EXTRAS:
            if re.search(rf'\b{package}', str(error)):  # also a base's, e.g. mmsegmentation
                check_extra(package)
        raise
    if cfg.get('default_scope') in EXTRAS:
        check_extra(cfg.default_scope)
    merge_options(cfg, options or {})
    check_own_keys(cfg)
    check_types(cfg)
    return cfg
