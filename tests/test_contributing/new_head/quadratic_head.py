"""Head with the quadratic loss."""

from mmpretrain.registry import MODELS
from torch import Tensor

from npid_mm.losses.quadratic import quadratic_loss, quadratic_statistics
from npid_mm.models.memory_banks import MemoryBank

from .base_head import InstanceHead


@MODELS.register_module()
class QuadraticHead(InstanceHead):
    """Mean squared similarity to all rows, minus the similarity to the own row."""

    def compute_loss(self, feature: Tensor, index: Tensor, memory_bank: MemoryBank) -> dict:
        """Compute 'loss', see :meth:`InstanceHead.loss`."""
        statistics = memory_bank.reduce(quadratic_statistics, feature)
        positive = memory_bank.rows(index)
        return {'loss': quadratic_loss(feature, positive, statistics, memory_bank.length)}
