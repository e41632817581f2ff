"""Stop a diverged training before it overwrites a good checkpoint."""

import math
from pathlib import Path
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from mmpretrain.utils import get_ori_model

from npid_mm.checkpoints import non_finite
from npid_mm.engine.resume import last_checkpoint

SCALER_PATIENCE = 10  # non-finite losses in a row that a loss scaler may skip


class DivergedError(RuntimeError):
    """A training has a loss or a weight that is not finite."""


@HOOKS.register_module()
class DivergenceHook(Hook):
    """End a training at the first loss, weight or buffer that is NaN or infinite.

    The loss is checked at each step, weights and buffers after each epoch and before a checkpoint
    is saved. So no checkpoint holds such a value or replaces a finite one.

    In mixed precision, the loss scaler skips a step that overflows and lowers the scale, which
    cannot make the loss itself finite. So the training ends after ten such losses in a row.
    """

    # after RuntimeInfoHook, which reads the loss, and before hooks that use the weights
    priority = 'HIGH'

    def __init__(self) -> None:
        self._in_a_row = 0
        self._step = 0  # runner.iter is one less during the hooks of a step than after them

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Check the loss of this step.

        Raises:
            DivergedError: If it is not finite.
        """
        self._step = runner.iter + 1
        loss = torch.as_tensor((outputs or {}).get('loss', 0)).item()
        self._in_a_row = 0 if math.isfinite(loss) else self._in_a_row + 1
        if self._in_a_row >= (SCALER_PATIENCE if _has_scaler(runner) else 1):
            raise DivergedError(self._message(runner, f'the loss is {loss}'))

    def after_train_epoch(self, runner: Runner) -> None:
        """Check the weights, on all ranks.

        Raises:
            DivergedError: If one is not finite.
        """
        self._check(runner, get_ori_model(runner.model).state_dict())

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Check the weights that will be saved.

        Raises:
            DivergedError: If one is not finite.
        """
        self._check(runner, checkpoint['state_dict'])

    def _check(self, runner: Runner, state: dict) -> None:
        broken = non_finite(state)
        if broken:
            what = f'{len(broken)} of {len(state)} weights and buffers are NaN or infinite'
            raise DivergedError(self._message(runner, f'{what}, the first is {broken[0]}'))

    def _message(self, runner: Runner, what: str) -> str:
        last = _last_checkpoint(runner)
        kept = f'{last} is from before' if last else 'no checkpoint was saved'
        rate = runner.optim_wrapper.param_groups[0]['lr']
        settings = [f'a lower optim_wrapper.optimizer.lr (now {rate:g})']
        head: Any = getattr(get_ori_model(runner.model), 'head', None)
        if hasattr(head, 'temperature'):
            settings.append(f'a higher model.head.temperature (now {head.temperature:g})')
        if hasattr(head, 'z_momentum'):
            settings.append(f'fewer model.head.num_negatives (now {head.num_negatives})')
            settings.append(f'model.head.z_momentum=0.1 (now {head.z_momentum:g})')
        settings.append('a warm-up in param_scheduler')
        return (
            f'the training has diverged at iteration {self._step}, in epoch {runner.epoch + 1}: '
            f'{what}; {kept}. Try {", ".join(settings)} or optim_wrapper.clip_grad.max_norm=1'
        )


def _has_scaler(runner: Runner) -> bool:
    scaler = getattr(runner.optim_wrapper, 'loss_scaler', None)
    return scaler is not None and scaler.is_enabled()


def _last_checkpoint(runner: Runner) -> str | Path | None:
    """Return the checkpoint that this run saved last or resumed from, None without one."""
    last = runner.message_hub.get_info('last_ckpt')
    if last and not Path(last).is_file():  # the one that is about to be refused
        return last_checkpoint(runner.work_dir)
    return last
