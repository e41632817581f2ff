"""Save checkpoints that torch.load(..., weights_only=True) can read."""

import copy
from typing import Any

import numpy as np
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS


@HOOKS.register_module()
class WeightsOnlyCheckpointHook(Hook):
    """Limit checkpoints to tensors and plain Python values.

    MMEngine's log history is dropped: it consists of pickled objects, and a resumed run only needs
    it to smooth its first log lines. NumPy scalars become Python scalars.
    """

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Replace values of the checkpoint; those of the running training stay."""
        checkpoint['message_hub'] = {**checkpoint['message_hub'], 'log_scalars': {}}
        for key in ('meta', 'message_hub', 'param_schedulers'):
            if key in checkpoint:
                checkpoint[key] = _plain(checkpoint[key])


def _plain(value: Any) -> Any:
    """Replace NumPy scalars in dicts, lists and tuples by Python scalars."""
    if isinstance(value, dict):
        plain = copy.copy(
            value
        )  # of the same type; a Counter made from pairs would count the pairs
        for key, each in value.items():
            plain[key] = _plain(each)
        return plain
    if isinstance(value, (list, tuple)):
        return type(value)(_plain(each) for each in value)
    return value.item() if isinstance(value, np.generic) else value
