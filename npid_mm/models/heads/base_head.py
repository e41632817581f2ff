"""Base class of the heads of instance discrimination."""

from abc import abstractmethod
from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor

from npid_mm.losses import proximal_loss
from npid_mm.models.memory_banks import MemoryBank
from npid_mm.utils.checks import check_number, check_temperature

from .instance_groups import InstanceGroups


class InstanceHead(BaseModule):
    """Base class: a discrimination loss, and the proximal term of the paper.

    Args:
        temperature (float): tau, at least 0.001.
        proximal_weight (float): lambda of Eq. 9 and 10, the weight of
            ``||v_i^(t) - v_i^(t-1)||^2``. 0 leaves the term out.
        groups (str | Sequence[Sequence[int]], optional): Groups of copies, of which none is a
            negative of another: a table of ``npid curate`` with the columns ``path`` and ``group``,
            or the instances of each group. :class:`MemoryBankHook` calls :meth:`set_groups`.

    Raises:
        ValueError: If ``temperature`` is below 0.001 or ``proximal_weight`` below 0.
    """

    def __init__(
        self,
        temperature: float = 0.07,
        proximal_weight: float = 0.0,
        groups: str | Sequence[Sequence[int]] | None = None,
    ):
        super().__init__()
        check_temperature(temperature)
        check_number('proximal_weight', proximal_weight, '[0, inf)')
        self.temperature = temperature
        self.proximal_weight = proximal_weight
        self.groups = groups
        self.instance_groups: InstanceGroups | None = None
        # P(i|f) of the samples of the last batch (B,); a head may estimate it from negatives
        self.own_probability: Tensor | None = None

    def chance_loss(self, length: int) -> float | None:
        """Return the loss of a head that cannot tell N images apart, or None if it is not known."""
        return None

    def set_groups(self, groups: Sequence[Sequence[int]], length: int) -> None:
        """Set the groups of instances that are not negatives of one another.

        Args:
            groups (Sequence[Sequence[int]]): Instances of each group.
            length (int): N.

        Raises:
            ValueError: If an instance is outside [0, N) or in two groups, or a group has all
                instances.
        """
        self.instance_groups = InstanceGroups(groups, length)

    def other_copies(self, index: Tensor) -> Tensor | None:
        """Return the instances (B, G) in the groups of ``index`` (B,) besides itself, or None.

        Raises:
            ValueError: If the head has ``groups`` that are not set yet.
        """
        if self.instance_groups is not None:
            return self.instance_groups.others(index)
        if self.groups is not None:
            raise ValueError(
                'head.groups are not resolved to instances: keep MemoryBankHook in the config, or '
                'call head.set_groups'
            )
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
