"""Record the probability of the own row of each instance."""

from typing import Any

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from mmpretrain.utils import get_ori_model
from torch import Tensor

from npid_mm.checkpoints.convert.npid_state import OWN_PROBABILITY
from npid_mm.engine.hooks.memory_bank_hook import has_bank, model_bank
from npid_mm.engine.runner_state import is_resuming
from npid_mm.models.npid import instance_index

WEIGHT = 0.3  # of an epoch in the average


@HOOKS.register_module()
class OwnProbabilityHook(Hook):
    """Record P(i|f), the probability of the own row, of each training image.

    Two copies of an image cannot be told apart, so that the mean of their probabilities is at most
    1/2. An image that resembles no other is near 1 early. Checkpoints hold the record,
    ``own_probability`` (N,): an exponential average over the epochs, in which the last one has a
    weight of 0.3, and NaN for images that have not been seen. ``npid curate`` reads it. The head
    provides the values, see :class:`~npid_mm.models.heads.InstanceHead`.
    """

    # before CheckpointHook saves
    priority = 'NORMAL'

    def __init__(self) -> None:
        self._record: Tensor | None = None
        self._epoch: Tensor | None = None  # sum of the values and their number, (2, N)

    def before_train(self, runner: Runner) -> None:
        """Start the record of a run that does not resume one."""
        if not has_bank(runner):
            return
        length = model_bank(runner).length
        if self._record is None or len(self._record) != length:
            self._record = torch.full((length,), torch.nan)
        self._epoch = torch.zeros(2, length, device=model_bank(runner).feature_bank.device)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Add the probabilities of this batch."""
        head: Any = getattr(get_ori_model(runner.model), 'head', None)
        own = getattr(head, 'own_probability', None)
        if own is None or self._epoch is None or data_batch is None:
            return
        index = instance_index(data_batch['data_samples']).to(self._epoch.device)
        values = torch.stack([own, torch.ones_like(own)]).to(self._epoch)
        self._epoch.index_add_(1, index, values)

    def after_train_epoch(self, runner: Runner) -> None:
        """Average the epoch into the record, on all ranks."""
        if self._epoch is None or self._record is None:
            return
        all_reduce(self._epoch)
        total, count = self._epoch.cpu().clone()
        self._epoch.zero_()
        value = total / count  # NaN if an image was not seen
        first = self._record.isnan()
        mean = self._record.lerp(value, WEIGHT)
        self._record = torch.where(first, value, torch.where(count > 0, mean, self._record))

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add the record, if the head provides the values."""
        if self._record is not None and not self._record.isnan().all():
            checkpoint[OWN_PROBABILITY] = self._record.clone()

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Continue the record of a resumed run."""
        record = checkpoint.get(OWN_PROBABILITY)
        if is_resuming(runner) and isinstance(record, Tensor) and record.dim() == 1:
            self._record = record.float().cpu()
