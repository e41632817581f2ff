"""Signs that a training does not learn, in words."""

from collections.abc import Mapping
from typing import Any

import torch

# Share of the dimensions below which a bank has collapsed.
MIN_RANK = 0.05
# Uniformity above which all rows are about equal; random rows are near -4.
MAX_UNIFORMITY = -0.1
# 1 - cos of the rows of two epochs below which a bank does not move. Training images differ from
# epoch to epoch by their augmentation, which alone moves a row by more.
MIN_MOVED = 1e-6
CHANCE_EPOCHS = 5  # in a row
CHANCE_SHARE = 0.98  # of the loss of a uniform guess


class ChanceLevel:
    """Mean loss of each epoch, and the number of epochs in a row that it is at chance level."""

    def __init__(self) -> None:
        self._epochs = 0
        self._reset()

    def _reset(self) -> None:
        self._total: torch.Tensor | float = 0.0
        self._steps = 0

    def add(self, loss: torch.Tensor | None) -> None:
        """Add the loss of a step, without waiting for the device."""
        if loss is not None:
            self._total = self._total + torch.as_tensor(loss).detach()
            self._steps += 1

    def end_epoch(self, head: Any, length: int) -> tuple[float, float] | None:
        """Start another epoch.

        Args:
            head (InstanceHead): Its ``chance_loss`` is the loss at chance level.
            length (int): N.

        Returns:
            tuple[float, float], optional: Mean loss and loss at chance level, if the loss has been
            there in each of the last epochs; None otherwise.
        """
        chance = head.chance_loss(length) if hasattr(head, 'chance_loss') else None
        loss = float(self._total) / max(self._steps, 1)
        self._reset()
        if chance is None:
            return None
        self._epochs = self._epochs + 1 if loss > CHANCE_SHARE * chance else 0
        return (loss, chance) if self._epochs >= CHANCE_EPOCHS else None


def bank_warnings(
    figures: Mapping[str, float],
    dim: int,
    moved: float | None,
    chance: tuple[float, float] | None,
) -> dict[str, str]:
    """Describe the signs that a training does not learn.

    Args:
        figures (Mapping[str, float]): Measures of ``LabelFreeHook``; may be empty.
        dim (int): Largest possible RankMe.
        moved (float, optional): Mean 1 - cos of the rows of two epochs.
        chance (tuple[float, float], optional): See :meth:`ChanceLevel.end_epoch`.

    Returns:
        dict[str, str]: A message for each cause: 'collapse', 'still' and 'chance'.
    """
    messages = {}
    rank, uniform = figures.get('bank_rankme', dim), figures.get('bank_uniformity', -4.0)
    if dim > 1 and (rank < max(MIN_RANK * dim, 1.01) or uniform > MAX_UNIFORMITY):
        messages['collapse'] = (
            f'the memory bank has collapsed: its rows use about {rank:.1f} of {dim} dimensions '
            f'(RankMe), and their uniformity is {uniform:.2f} (0 if all are equal), so that images '
            'cannot be told apart. Try a lower optim_wrapper.optimizer.lr, a warm-up in '
            'param_scheduler or a lower model.head.temperature'
        )
    if moved is not None and moved < MIN_MOVED:
        messages['still'] = (
            f'the memory bank does not move: between two epochs, 1 - cos of a row is {moved:.1e} '
            'on average. Check that optim_wrapper.optimizer.lr is above 0, that the training '
            'pipeline augments, and that memory_bank.momentum is the weight of the new feature'
        )
    if chance is not None:
        messages['chance'] = (
            f'the loss stays at chance level: {chance[0]:.3f} after {CHANCE_EPOCHS} epochs, '
            f'{chance[1]:.3f} for a uniform guess. Try another optim_wrapper.optimizer.lr, a lower '
            'model.head.temperature or weaker augmentations'
        )
    return messages
