"""Head with the softmax over the positive and M sampled negatives."""

import math
from collections.abc import Sequence
from functools import partial

from mmpretrain.registry import MODELS
from torch import Tensor

from npid_mm.losses import (
    own_probability,
    sampled_softmax_statistics,
    softmax_loss_from_statistics,
)
from npid_mm.models.memory_banks import MemoryBank
from npid_mm.utils.checks import check_whole

from .base_head import InstanceHead


@MODELS.register_module()
class SampledSoftmaxHead(InstanceHead):
    """Cross entropy of the own row against M uniformly sampled rows (MMSelfSup's NPID).

    Args:
        num_negatives (int): M, sampled with replacement for each sample.
        temperature (float): tau, at least 0.001.
        proximal_weight (float): lambda of Eq. 9 and 10; 0 leaves the term out.
        exclude_positive (bool): Draw from the N - 1 others, as MMSelfSup's ``ensure_neg=True``.
        groups (str | Sequence[Sequence[int]], optional): See :class:`InstanceHead`.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> bank, index = MemoryBank(length=100, feat_dim=16), torch.arange(8)
        >>> head = SampledSoftmaxHead(num_negatives=32, temperature=0.2)
        >>> head.loss(bank.rows(index), index, bank)['loss'].shape
        torch.Size([])
    """

    def __init__(
        self,
        num_negatives: int = 65536,
        temperature: float = 0.07,
        proximal_weight: float = 0.0,
        exclude_positive: bool = False,
        groups: str | Sequence[Sequence[int]] | None = None,
    ):
        super().__init__(temperature, proximal_weight, groups)
        check_whole('num_negatives', num_negatives)
        self.num_negatives = num_negatives
        self.exclude_positive = exclude_positive

    def chance_loss(self, length: int) -> float:
        """Return log(1 + M)."""
        return math.log1p(self.num_negatives)

    def compute_loss(self, feature: Tensor, index: Tensor, memory_bank: MemoryBank) -> dict:
        """Compute 'loss', see :meth:`InstanceHead.loss`."""
        negatives = memory_bank.draw_negatives(
            index, self.num_negatives, self.exclude_positive, self.other_copies(index)
        )
        statistic = partial(sampled_softmax_statistics, temperature=self.temperature)
        sampled = memory_bank.reduce(statistic, feature, negatives)
        positive = memory_bank.rows(index)
        # the M negatives stand for the N - 1 others; the positive may be among them
        count = sampled.lse.new_tensor((memory_bank.length - 1) / self.num_negatives)
        others = sampled.weighted(count)
        self.own_probability = own_probability(feature, positive, others, self.temperature)
        return {'loss': softmax_loss_from_statistics(feature, positive, sampled, self.temperature)}
