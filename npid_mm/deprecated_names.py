"""Former registry names, which older configs and checkpoints may still use.

An old name builds the same object and warns once. It will be removed in the next minor version.
"""

import functools
import warnings
from typing import Any

from mmengine.fileio import register_backend
from mmengine.registry import MODEL_WRAPPERS, Registry
from mmpretrain.registry import HOOKS

from npid_mm.engine.atomic_file_backend import AtomicFileBackend
from npid_mm.engine.distributed import CPUDistributedDataParallel
from npid_mm.engine.hooks import AtomicCheckpointHook, StepSeedHook, WeightsOnlyCheckpointHook

# (registry, old name, class)
CLASSES: tuple[tuple[Registry, str, type], ...] = (
    (HOOKS, 'WholeCheckpointHook', AtomicCheckpointHook),
    (HOOKS, 'SafeCheckpointHook', WeightsOnlyCheckpointHook),
    (HOOKS, 'SeedStepHook', StepSeedHook),
    (MODEL_WRAPPERS, 'CPURanks', CPUDistributedDataParallel),
)
# (old name, new name, class)
FILE_BACKENDS = (('whole_file', 'atomic', AtomicFileBackend),)


def register_deprecated_names() -> None:
    """Register every old name in its registry, or among the file backends."""
    for registry, old, target in CLASSES:
        registry.register_module(name=old, module=_deprecated(old, target.__name__, target))
    for old, new, target in FILE_BACKENDS:
        register_backend(old, _deprecated(old, new, target))


def _deprecated(old: str, new: str, target: Any) -> type:
    """Return a subclass that warns when it is first built."""

    @functools.wraps(target.__init__)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        if not replacement.warned:
            replacement.warned = True
            warnings.warn(
                f'{old!r} is deprecated and will be removed in the next minor version: use {new!r}',
                FutureWarning,
                stacklevel=2,
            )
        target.__init__(self, *args, **kwargs)

    members = dict(__init__=__init__, __module__=target.__module__, __doc__=target.__doc__)
    replacement: Any = type(target.__name__, (target,), {**members, 'warned': False})
    return replacement
