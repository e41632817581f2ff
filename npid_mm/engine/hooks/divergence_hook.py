"""Stop a training that has diverged, before it replaces a good checkpoint."""

import math
from pathlib import Path

import torch
from mmengine.hooks import Hook
from mmpretrain.registry import HOOKS
from mmpretrain.utils import get_ori_model

from npid_mm.checkpoints import non_finite

SCALER_PATIENCE = 10  # losses in a row that are not finite, with a loss scaler


class DivergedError(RuntimeError):
    """A loss or a weight of a training is not finite."""


@HOOKS.register_module()
class DivergenceHook(Hook):
    """End a training at the first loss, weight or buffer that is NaN or infinite.

    The loss of each step is compared on this process, where MMEngine has fetched it for its log.
    Weights and buffers are checked after each epoch and whenever a checkpoint is about to be
    saved. So no checkpoint holds such a value, and none from before is removed for it.

    With a loss scaler (mixed precision) a step that overflows is skipped and leaves the weights as
    they were. There the training ends after ten such losses in a row: a lower scale does not mend
    the loss, only other images do.
    """

    # behind RuntimeInfoHook, which fetches the loss, and before all that use or save the weights
    priority = 'HIGH'

    def __init__(self):
        self._in_a_row = 0
        self._step = 0  # the last one; the Runner's own number depends on when it is asked

    def after_train_iter(
        self, runner, batch_idx: int, data_batch: dict | None = None, outputs: dict | None = None
    ) -> None:
        """Check the loss of this step.

        Raises:
            DivergedError: It is not finite.
        """
        self._step = runner.iter + 1
        loss = torch.as_tensor((outputs or {}).get('loss', 0)).item()
        self._in_a_row = 0 if math.isfinite(loss) else self._in_a_row + 1
        if self._in_a_row >= (SCALER_PATIENCE if _has_scaler(runner) else 1):
            raise DivergedError(self._message(runner, f'the loss is {loss}'))

    def after_train_epoch(self, runner) -> None:
        """Check the weights on all ranks, which end together.

        Raises:
            DivergedError: One is not finite.
        """
        self._check(runner, get_ori_model(runner.model).state_dict())

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Check what is about to be saved.

        Raises:
            DivergedError: A weight is not finite.
        """
        self._check(runner, checkpoint['state_dict'])

    def _check(self, runner, state: dict) -> None:
        broken = non_finite(state)
        if broken:
            what = f'{len(broken)} of {len(state)} weights and buffers are NaN or infinite'
            raise DivergedError(self._message(runner, f'{what}, the first is {broken[0]}'))

    def _message(self, runner, what: str) -> str:
        """Say what happened, what is left, and what to try."""
        last = _last_checkpoint(runner)
        kept = f'{last} is from before' if last else 'no checkpoint was saved'
        settings = [f'a lower optim_wrapper.optimizer.lr (now {_learning_rate(runner):g})']
        head = getattr(get_ori_model(runner.model), 'head', None)
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


def _has_scaler(runner) -> bool:
    """Return whether steps that overflow are skipped."""
    scaler = getattr(runner.optim_wrapper, 'loss_scaler', None)
    return scaler is not None and scaler.is_enabled()


def _last_checkpoint(runner) -> str | None:
    """Return the file that this run saved last, or was resumed from; None if there is none."""
    last = runner.message_hub.get_info('last_ckpt')
    if last and not Path(last).is_file():  # named already, but this is about to be refused
        pointer = Path(runner.work_dir) / 'last_checkpoint'
        last = pointer.read_text().strip() if pointer.is_file() else None
    return last


def _learning_rate(runner) -> float:
    """Return the present learning rate of the first group of parameters."""
    return runner.optim_wrapper.param_groups[0]['lr']
