"""Head with the full non-parametric softmax over all instances."""

import math
from functools import partial

import torch
from mmpretrain.registry import MODELS
from torch import Tensor

from npid_mm.losses import own_probability, softmax_loss_from_statistics, softmax_statistics
from npid_mm.models.memory_banks import MemoryBank

from .base_head import InstanceHead


@MODELS.register_module()
class ExactSoftmaxHead(InstanceHead):
    """-log P(i|f) with P over all N rows of the bank (paper, Eq. 2), without an estimate.

    Args:
        temperature (float): tau, at least 0.001.
        proximal_weight (float): lambda of Eq. 9 and 10; 0 leaves the term out.
        groups (str | Sequence[Sequence[int]], optional): See :class:`InstanceHead`.

    Example:
        >>> bank, index = MemoryBank(length=100, feat_dim=16), torch.arange(8)
        >>> head = ExactSoftmaxHead(temperature=0.2)
        >>> head.loss(bank.rows(index), index, bank)['loss'].shape
        torch.Size([])
    """

    def chance_loss(self, length: int) -> float:
        """Return log N."""
        return math.log(length)

    def compute_loss(self, feature: Tensor, index: Tensor, memory_bank: MemoryBank) -> dict:
        """Compute 'loss', see :meth:`InstanceHead.loss`."""
        statistic = partial(softmax_statistics, temperature=self.temperature)
        copies = self.other_copies(index)
        exclude = index if copies is None else torch.cat([index[:, None], copies], dim=1)
        others = memory_bank.reduce(statistic, feature, exclude=exclude)
        positive = memory_bank.rows(index)
        self.own_probability = own_probability(feature, positive, others, self.temperature)
        return {'loss': softmax_loss_from_statistics(feature, positive, others, self.temperature)}
