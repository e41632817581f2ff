"""Head with the parametric softmax: one learned weight per instance, the paper's baseline."""

import math

import torch
from mmpretrain.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F

from npid_mm.models.memory_banks import MemoryBank
from npid_mm.utils.checks import check_whole

from .base_head import InstanceHead


@MODELS.register_module()
class ParametricSoftmaxHead(InstanceHead):
    """-log P(i|f), P(i|f) = exp(w_i.f / tau) / sum_j exp(w_j.f / tau), w learned (Eq. 1).

    The weights (N, D) are parameters, which an optimizer and DDP must know from the start:
    ``length`` is required. The bank is updated as with the other heads, so that kNN from the bank
    works, but the loss does not use it.

    Args:
        length (int): N, the number of instances of the training set.
        feat_dim (int): D.
        temperature (float): tau, at least 0.001; 1 as in the paper.
        proximal_weight (float): lambda of Eq. 9 and 10; 0 leaves the term out.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> bank, index = MemoryBank(length=100, feat_dim=16), torch.arange(8)
        >>> head = ParametricSoftmaxHead(length=100, feat_dim=16)
        >>> head.loss(bank.rows(index), index, bank)['loss'].shape
        torch.Size([])
    """

    def __init__(
        self,
        length: int,
        feat_dim: int = 128,
        temperature: float = 1.0,
        proximal_weight: float = 0.0,
    ):
        super().__init__(temperature=temperature, proximal_weight=proximal_weight)
        check_whole('length', length)
        check_whole('feat_dim', feat_dim)
        self.weight = nn.Parameter(torch.empty(length, feat_dim))
        self.init_weights()

    def init_weights(self) -> None:
        """Draw weights of about unit length."""
        nn.init.normal_(self.weight, std=self.weight.size(1) ** -0.5)

    def chance_loss(self, length: int) -> float:
        """Return log N."""
        return math.log(length)

    def compute_loss(self, feature: Tensor, index: Tensor, memory_bank: MemoryBank) -> dict:
        """Compute 'loss', see :meth:`InstanceHead.loss`.

        Raises:
            ValueError: If the bank, and with it the training set, has another length.
        """
        if memory_bank.length != len(self.weight):
            raise ValueError(
                f'head.length is {len(self.weight)}, but the memory bank has '
                f'{memory_bank.length} instances: give the head the size of the training set'
            )
        with torch.autocast(feature.device.type, enabled=False):
            logits = F.linear(feature, self.weight) / self.temperature
            loss = F.cross_entropy(logits, index, reduction='none')
            self.own_probability = loss.detach().neg().exp()
            return {'loss': loss.mean()}
