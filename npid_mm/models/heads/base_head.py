"""Base class of the heads of instance discrimination."""

from abc import abstractmethod

import torch
from mmengine.model import BaseModule
from torch import Tensor

from npid_mm.losses import proximal_loss
from npid_mm.models.memory_banks import MemoryBank
from npid_mm.utils.checks import check_number, check_temperature


class InstanceHead(BaseModule):
    """Base class: a discrimination loss, and the proximal term of the paper.

    Args:
        temperature (float): tau, at least 0.001.
        proximal_weight (float): lambda of Eq. 9 and 10, the weight of
            ``||v_i^(t) - v_i^(t-1)||^2``. 0 leaves the term out.

    Raises:
        ValueError: If ``temperature`` is below 0.001 or ``proximal_weight`` below 0.
    """

    def __init__(self, temperature: float = 0.07, proximal_weight: float = 0.0):
        super().__init__()
        check_temperature(temperature)
        check_number('proximal_weight', proximal_weight, '[0, inf)')
        self.temperature = temperature
        self.proximal_weight = proximal_weight
        # P(i|f) of the samples of the last batch (B,); a head may estimate it from negatives
        self.own_probability: Tensor | None = None

    def chance_loss(self, length: int) -> float | None:
        """Return the loss of a head that cannot tell N images apart, or None if it is not known."""
        return None

    @abstractmethod
    def compute_loss(self, feature: Tensor, index: Tensor, memory_bank: MemoryBank) -> dict:
        """Return the head's own losses and figures to log; :meth:`loss` has the arguments."""

    def loss(self, feature: Tensor, index: Tensor, memory_bank: MemoryBank) -> dict[str, Tensor]:
        """Compute the losses of a batch; the bank is not changed.

        Args:
            feature (Tensor): L2-normalized embeddings (B, D).
            index (Tensor): Instance indexes (B,) on the device of ``feature``.
            memory_bank (MemoryBank): The bank, N x D.

        Returns:
            dict[str, Tensor]: 'loss' and, with a proximal weight, 'proximal_loss', which are
            summed for the backward pass; other keys are only logged.
        """
        losses = self.compute_loss(feature, index, memory_bank)
        if self.proximal_weight:
            position = torch.arange(len(index), device=index.device)
            loss = proximal_loss(feature, memory_bank.rows(index), position)
            losses['proximal_loss'] = self.proximal_weight * loss
        return losses
