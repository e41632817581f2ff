"""Quadratic loss: mean squared similarity to all rows, minus the similarity to the own row."""

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor

from .arithmetic import mean_with_known_gradient, plain_arithmetic
from .checks import check_inputs


class QuadraticStatistics(NamedTuple):
    """Sum of squared similarities, and its gradient."""

    value: Tensor
    gradient: Tensor

    def weighted(self, weight: Tensor) -> 'QuadraticStatistics':
        """Return the statistics with every row of a sample counted ``weight`` (B,) times."""
        return QuadraticStatistics(self.value * weight, self.gradient * weight.unsqueeze(1))

    @classmethod
    def merge(cls, parts: Sequence['QuadraticStatistics']) -> 'QuadraticStatistics':
        """Return the statistics of the rows of all parts together."""
        value, gradient = (sum(field[1:], field[0]) for field in zip(*parts, strict=True))
        return cls(value, gradient)


def quadratic_statistics(feature: Tensor, bank: Tensor) -> QuadraticStatistics:
    """Compute the statistics of features (B, D) and rows (N, D)."""
    check_inputs(feature, bank)
    with plain_arithmetic(feature):
        bank = bank.to(feature.dtype)
        similarity = feature @ bank.T
        return QuadraticStatistics(similarity.square().sum(dim=1), 2 * similarity @ bank)


def quadratic_loss(
    feature: Tensor, positive: Tensor, statistics: QuadraticStatistics, length: int
) -> Tensor:
    """Compute the loss from the positive rows (B, D) and the statistics of all N rows."""
    with plain_arithmetic(feature):
        value = statistics.value / length - (feature * positive).sum(dim=1)
        gradient = statistics.gradient / length - positive
    return mean_with_known_gradient(feature, value, gradient)
