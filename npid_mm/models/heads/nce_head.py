"""Head with noise-contrastive estimation, the paper's own loss."""

import logging
import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from mmengine.dist import all_reduce
from mmengine.logging import print_log
from mmpretrain.registry import MODELS
from torch import Tensor

from npid_mm.losses import (
    nce_log_noise,
    nce_loss_from_statistics,
    nce_statistics,
    z_from_statistics,
    z_statistics,
)
from npid_mm.models.memory_banks import MemoryBank
from npid_mm.utils.checks import check_number, check_whole

from .base_head import InstanceHead

# Largest M / N without a warning about a constant Z: that of the published CIFAR-10 recipe. At 0.1
# and above, short runs on small sets lost accuracy or diverged, see docs/pretraining.md.
MAX_NEGATIVES_PER_ROW = 4096 / 50000


@MODELS.register_module()
class NCEHead(InstanceHead):
    """-log h(i, v) - sum over M noise samples of log(1 - h(i, v')) (paper, Eq. 4 to 8).

    Z is the mean of the Monte-Carlo estimates (Eq. 8) of the first ``z_batches`` batches over
    all ranks, then constant; it is a buffer, so a checkpoint keeps it. With ``z_momentum`` it
    continues as an exponential average: ``Z <- (1 - z_momentum) Z + z_momentum estimate``. A
    warning is printed for a constant Z if M is above 0.08 N: such trainings tend to diverge.

    Args:
        num_negatives (int): M, drawn with replacement for each sample.
        temperature (float): tau, at least 0.001.
        proximal_weight (float): lambda of Eq. 9 and 10; 0 leaves the term out.
        exclude_positive (bool): Draw from the N - 1 others ("from another image").
        z_batches (int): Batches that the first estimate of Z is averaged over.
        z_momentum (float): Weight of each later estimate, in [0, 1); 0 freezes Z (paper).
        groups (str | Sequence[Sequence[int]], optional): See :class:`InstanceHead`.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> bank, index = MemoryBank(length=100, feat_dim=16), torch.arange(8)
        >>> head = NCEHead(num_negatives=4, temperature=0.2)
        >>> sorted(head.loss(bank.rows(index), index, bank))
        ['loss', 'z']
    """

    def __init__(
        self,
        num_negatives: int = 4096,
        temperature: float = 0.07,
        proximal_weight: float = 0.0,
        exclude_positive: bool = False,
        z_batches: int = 1,
        z_momentum: float = 0.0,
        groups: str | Sequence[Sequence[int]] | None = None,
    ):
        super().__init__(temperature, proximal_weight, groups)
        check_whole('z_batches', z_batches)
        check_number('z_momentum', z_momentum, '[0, 1)')
        check_whole('num_negatives', num_negatives)
        self.num_negatives = num_negatives
        self.exclude_positive = exclude_positive
        self.z_batches = z_batches
        self.z_momentum = z_momentum
        self.z: Tensor
        self.z_count: Tensor
        self.register_buffer('z', torch.zeros(()))
        self.register_buffer('z_count', torch.zeros((), dtype=torch.long))
        # copy of z_count on the host, so that a step does not wait for the device; None if the
        # buffer has to be read, which a checkpoint may have filled
        self._batches_seen: int | None = None

    def chance_loss(self, length: int) -> float:
        """Return log(1 + M) + M log(1 + 1 / M), the loss if each posterior is 1 / (1 + M)."""
        count = self.num_negatives
        return math.log1p(count) + count * math.log1p(1 / count)

    def compute_loss(self, feature: Tensor, index: Tensor, memory_bank: MemoryBank) -> dict:
        """Compute 'loss', see :meth:`InstanceHead.loss`, and 'z' for the log."""
        negatives = memory_bank.draw_negatives(
            index, self.num_negatives, self.exclude_positive, self.other_copies(index)
        )
        self._update_z(feature, negatives, memory_bank)
        log_noise = nce_log_noise(self.z, self.num_negatives, memory_bank.length)
        statistic = partial(nce_statistics, temperature=self.temperature, log_noise=log_noise)
        noise = memory_bank.reduce(statistic, feature, negatives)
        positive = memory_bank.rows(index)
        loss = nce_loss_from_statistics(feature, positive, noise, self.temperature, log_noise)
        with torch.no_grad():
            logit = (feature * positive).sum(dim=1) / self.temperature - self.z.log()
            self.own_probability = logit.exp().clamp(max=1)
        return {'loss': loss, 'z': self.z.clone()}

    @torch.no_grad()
    def _update_z(self, feature: Tensor, negatives: Any, memory_bank: MemoryBank) -> None:
        """Average the batch's estimate into Z, unless Z is constant by now."""
        if self._batches_seen is None:
            self._batches_seen = int(self.z_count)
            self._warn_if_unstable(memory_bank.length)
        starting = self._batches_seen < self.z_batches
        if not (starting or self.z_momentum):
            return
        statistic = partial(z_statistics, temperature=self.temperature)
        statistics = memory_bank.reduce(statistic, feature, negatives)
        estimate = z_from_statistics(
            statistics, self.num_negatives, memory_bank.length, self.temperature
        ).to(self.z)
        all_reduce(estimate, op='mean')
        self._batches_seen += 1
        self.z_count += 1
        self.z.lerp_(estimate, 1 / self._batches_seen if starting else self.z_momentum)

    def _warn_if_unstable(self, length: int) -> None:
        """Warn about a constant Z with too many negatives for the number of rows."""
        if self.z_momentum or self.num_negatives <= MAX_NEGATIVES_PER_ROW * length:
            return
        print_log(
            f'NCE with {self.num_negatives} negatives and the constant Z of the first batch tends '
            f'to diverge on {length} images: keep model.head.num_negatives below '
            f'{max(int(MAX_NEGATIVES_PER_ROW * length), 1)}, or set model.head.z_momentum=0.1, or '
            'use an npid-exact config (ExactSoftmaxHead), which costs less at this size',
            logger='current',
            level=logging.WARNING,
        )

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        self._batches_seen = None
        super()._load_from_state_dict(*args, **kwargs)
