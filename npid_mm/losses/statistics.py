"""Statistics of the bank's rows for a batch, computed in parts and merged.

A statistic is a NamedTuple of tensors with B as their first dimension. A memory bank computes it
for the rows that it holds, multiplies it by the weight of its draws and merges the parts of all
ranks, without knowing which statistic it is.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor

S = TypeVar('S', bound='Statistics')


class Statistics(Protocol):
    """Interface of all statistics."""

    def __iter__(self) -> Iterator[Tensor]: ...

    def weighted(self: S, weight: Tensor) -> S:
        """Return the statistics with every row of a sample counted ``weight`` (B,) times."""

    @classmethod
    def merge(cls: type[S], parts: Sequence[S]) -> S:
        """Return the statistics of the rows of all parts together."""


class SoftmaxStatistics(NamedTuple):
    """Statistics of a softmax over rows.

    Example:
        >>> parts = [SoftmaxStatistics(torch.zeros(1), torch.eye(2)[i : i + 1]) for i in (0, 1)]
        >>> SoftmaxStatistics.merge(parts)
        SoftmaxStatistics(lse=tensor([0.6931]), mean=tensor([[0.5000, 0.5000]]))
    """

    lse: Tensor
    """Log-sum-exp of the logits, (B,); -inf without rows."""
    mean: Tensor
    """Mean row, weighted by the softmax, (B, D)."""

    def weighted(self, weight: Tensor) -> 'SoftmaxStatistics':
        """Return the statistics with every row of a sample counted ``weight`` (B,) times."""
        return self._replace(lse=self.lse + weight.to(self.lse).log())

    @classmethod
    def merge(cls, parts: Sequence['SoftmaxStatistics']) -> 'SoftmaxStatistics':
        """Return the statistics of the rows of all parts together."""
        lse, mean = (torch.stack(field) for field in zip(*parts, strict=True))
        # finite, so that parts without rows do not give NaN
        share = torch.softmax(lse.clamp(min=-1e30), dim=0)
        return cls(torch.logsumexp(lse, dim=0), (share.unsqueeze(2) * mean).sum(dim=0))


class NCEStatistics(NamedTuple):
    """Statistics of the noise part of NCE, with the posterior h of each row.

    Example:
        >>> part = NCEStatistics(torch.ones(1), torch.ones(1, 2))
        >>> NCEStatistics.merge([part, part])
        NCEStatistics(loss=tensor([2.]), row=tensor([[2., 2.]]))
    """

    loss: Tensor
    """Sum of -log(1 - h), (B,)."""
    row: Tensor
    """Sum of the rows times h, (B, D)."""

    def weighted(self, weight: Tensor) -> 'NCEStatistics':
        """Return the statistics with every row of a sample counted ``weight`` (B,) times."""
        weight = weight.to(self.loss)
        return NCEStatistics(self.loss * weight, self.row * weight.unsqueeze(1))

    @classmethod
    def merge(cls, parts: Sequence['NCEStatistics']) -> 'NCEStatistics':
        """Return the statistics of the rows of all parts together."""
        loss, row = (torch.stack(field).sum(dim=0) for field in zip(*parts, strict=True))
        return cls(loss, row)


class ZStatistics(NamedTuple):
    """Statistics of the estimate of the normalizing constant Z.

    Example:
        >>> ZStatistics.merge([ZStatistics(torch.zeros(1)), ZStatistics(torch.zeros(1))])
        ZStatistics(lse=tensor([0.6931]))
    """

    lse: Tensor
    """Log-sum-exp of the logits, (B,)."""

    def weighted(self, weight: Tensor) -> 'ZStatistics':
        """Return the statistics with every row of a sample counted ``weight`` (B,) times."""
        return ZStatistics(self.lse + weight.to(self.lse).log())

    @classmethod
    def merge(cls, parts: Sequence['ZStatistics']) -> 'ZStatistics':
        """Return the statistics of the rows of all parts together."""
        return cls(torch.stack([part.lse for part in parts]).logsumexp(dim=0))
