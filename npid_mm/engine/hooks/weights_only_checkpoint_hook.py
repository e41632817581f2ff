"""Checkpoints that torch.load(..., weights_only=True) reads."""

import numpy as np
from mmengine.hooks import Hook
from mmpretrain.registry import HOOKS


@HOOKS.register_module()
class WeightsOnlyCheckpointHook(Hook):
    """Leave nothing but tensors and plain values in a checkpoint.

    MMEngine's log history, pickled objects that only smooth the first log lines of a resumed
    run, stays out, and NumPy's scalars become Python's.
    """

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Change what is saved, not the running message hub and schedulers."""
        checkpoint['message_hub'] = {**checkpoint['message_hub'], 'log_scalars': {}}
        for key in ('meta', 'message_hub', 'param_schedulers'):
            if key in checkpoint:
                checkpoint[key] = _plain(checkpoint[key])


def _plain(value):
    """``value`` with NumPy's scalars as Python's, through dicts, lists and tuples."""
    if isinstance(value, dict):
        return type(value)((key, _plain(each)) for key, each in value.items())
    if isinstance(value, (list, tuple)):
        return type(value)(_plain(each) for each in value)
    return value.item() if isinstance(value, np.generic) else value
