"""Former names of registered classes, so that configs written for an older version still build.

An old name builds the same class, and a warning gives the new name once. The old names will be
removed in the next minor version.
"""

import warnings

from mmengine.fileio import register_backend
from mmpretrain.registry import HOOKS

from .engine import (
    AtomicCheckpointHook,
    AtomicFileBackend,
    StepSeedHook,
    WeightsOnlyCheckpointHook,
)

HOOK_NAMES = {
    'WholeCheckpointHook': AtomicCheckpointHook,
    'SafeCheckpointHook': WeightsOnlyCheckpointHook,
    'SeedStepHook': StepSeedHook,
}
BACKEND_NAMES = {'whole_file': ('atomic', AtomicFileBackend)}


def _renamed(old: str, new: str, target: type) -> type:
    """Return a subclass that warns, once, that ``old`` is now called ``new``."""

    def __init__(self, *args, **kwargs):
        if not replacement.warned:
            replacement.warned = True
            text = f'{old!r} is deprecated and will be removed: use {new!r}'
            warnings.warn(text, FutureWarning, stacklevel=2)
        target.__init__(self, *args, **kwargs)

    replacement = type(target.__name__, (target,), {'__init__': __init__, 'warned': False})
    replacement.__module__, replacement.__doc__ = target.__module__, target.__doc__
    return replacement


def register_deprecated_names() -> None:
    """Register every old name, in the registry of hooks and among the file backends."""
    for old, target in HOOK_NAMES.items():
        HOOKS.register_module(name=old, module=_renamed(old, target.__name__, target))
    for old, (new, target) in BACKEND_NAMES.items():
        register_backend(old, _renamed(old, new, target))
