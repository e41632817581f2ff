"""The memory bank whose rows are spread over the ranks."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from mmengine.dist import all_gather, all_reduce, gather, get_dist_info, get_world_size
from mmpretrain.registry import MODELS
from torch import Tensor

from npid_mm.losses import draw_negatives, merge_softmax_statistics

from .collectives import gather_batches, return_parts
from .memory_bank import MemoryBank

# Rows of each rank that travel to rank 0 at a time for a checkpoint.
_ROWS_AT_A_TIME = 1 << 15


class ShardNegatives(NamedTuple):
    """What one rank drew from its own rows, for the samples of all ranks."""

    rows: Tensor
    """(W B, M_r), rows of this rank's ``feature_bank``."""
    weight: Tensor
    """(W B,), how often each draw counts, 1 where M_r is in proportion to the rows drawn from."""
    num: int
    """M, drawn by all ranks together."""


@MODELS.register_module()
class ShardedMemoryBank(MemoryBank):
    """A :class:`MemoryBank` of which rank r holds an even, contiguous slice: ``feature_bank``.

    It answers the same questions, with the same arguments. Features and indexes of all ranks'
    batches travel, each rank computes the statistics of its own rows for all of them, and the
    statistics travel back and are merged; negatives never travel. All ranks have to call every
    method together, with batches of one size.

    A sample's M negatives are M_r draws from each rank's rows, in proportion to their number.
    Where that is no whole number, and where a sample's own row is left out, a draw counts
    (M / M_r) (n_r / n) times, with n_r of n rows to draw from on rank r: any sum over the
    negatives has the expectation that M draws from the n rows have.

    A checkpoint holds the full bank (:meth:`gathered_rows`) and loads into either kind of bank,
    over any number of ranks.

    Args:
        length (int, optional): N, at least one row a rank.
        feat_dim (int): D.
        momentum (float): Weight of the NEW feature, in (0, 1].
        dtype (str): What a row is stored as.
        init (str): 'random' or 'features'.

    Raises:
        ValueError: An argument is outside what is allowed.
    """

    _full = None  # the rows of all ranks on rank 0, while gathered_rows() is open

    @property
    def is_sharded(self) -> bool:
        """bool: Whether each rank holds other rows, which :attr:`local_rows` names."""
        return get_world_size() > 1

    def _local_slice(self, length: int) -> slice:
        """The rows that this rank holds of a bank of ``length``."""
        rank, world_size = get_dist_info()
        if 0 < length < world_size:
            raise ValueError(
                f'ShardedMemoryBank needs a row for each of the {world_size} ranks, got a bank of '
                f'{length}: use fewer ranks, or MemoryBank'
            )
        return _slices(length, world_size)[rank]

    def _locate(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Rows of ``feature_bank`` (B,) and whether they are those of ``index`` (B,)."""
        own = self.local_rows
        local = (index - own.start).clamp(0, len(self.feature_bank) - 1)
        return local, (index >= own.start) & (index < own.stop)

    def rows(self, index: Tensor) -> Tensor:
        """Rows ``index`` (B,) of the bank as (B, D) in the dtype of the arithmetic."""
        local, own = self._locate(gather_batches(index))
        rows = self.feature_bank[local].masked_fill(~own.unsqueeze(1), 0)
        return return_parts(rows).sum(0).to(self._arithmetic)

    def softmax_statistics(
        self, feature: Tensor, index: Tensor, temperature: float
    ) -> tuple[Tensor, Tensor]:
        """Log-sum-exp (B,) and mean row (B, D) of the softmax over all rows but ``index`` (B,)."""
        feature = gather_batches(feature.detach())
        # rows of other ranks get numbers that this one has no row for
        own = gather_batches(index) - self.local_rows.start
        lse, mean = super().softmax_statistics(feature, own, temperature)
        return merge_softmax_statistics(return_parts(lse), return_parts(mean))

    def draw_negatives(self, index: Tensor, num: int, exclude_positive: bool) -> ShardNegatives:
        """This rank's share of M uniform negatives for the instances ``index`` (B,) of all ranks.

        Raises:
            ValueError: ``num`` is too small for a draw from the rows of every rank, or there is
                no row besides the positive.
        """
        rank, world_size = get_dist_info()
        shares = [
            num * part.stop // self.length - num * part.start // self.length
            for part in _slices(self.length, world_size)
        ]
        if min(shares) < 1:
            raise ValueError(
                f'num_negatives must be at least {2 * world_size} to draw from the rows of each '
                f'of the {world_size} ranks, got {num}'
            )
        local, own = self._locate(gather_batches(index))
        own &= exclude_positive
        shape = (len(local), shares[rank], len(self.feature_bank))
        # the only row of a rank has no other: its draws stay, with a weight of 0
        excluding = exclude_positive and (len(self.feature_bank) > 1 or not self.is_sharded)
        others = draw_negatives(*shape, exclude=local) if excluding else None
        rows = draw_negatives(*shape, device=index.device)
        if excluding:
            rows = torch.where(own.unsqueeze(1), others, rows)
        candidates = len(self.feature_bank) - own.to(self._arithmetic)
        total = self.length - exclude_positive
        weight = candidates * num / (total * shares[rank])
        return ShardNegatives(rows, weight, num)

    def sampled_softmax_statistics(
        self, feature: Tensor, negatives: ShardNegatives, temperature: float
    ) -> tuple[Tensor, Tensor]:
        """Log-sum-exp (B,) and mean row (B, D) of the softmax over the drawn negatives."""
        feature = gather_batches(feature.detach())
        lse, mean = super().sampled_softmax_statistics(feature, negatives.rows, temperature)
        lse = lse + negatives.weight.log().to(lse)
        return merge_softmax_statistics(return_parts(lse), return_parts(mean))

    def nce_statistics(
        self, feature: Tensor, negatives: ShardNegatives, temperature: float, log_noise: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Sum of -log(1 - h) (B,) and h-weighted row (B, D) over the drawn negatives."""
        feature = gather_batches(feature.detach())
        loss, weighted = super().nce_statistics(feature, negatives.rows, temperature, log_noise)
        weight = negatives.weight.to(loss)
        loss, weighted = loss * weight, weighted * weight.unsqueeze(1)
        return return_parts(loss).sum(0), return_parts(weighted).sum(0)

    def estimate_z(self, feature: Tensor, negatives: ShardNegatives, temperature: float) -> Tensor:
        """Monte-Carlo estimate of the normalising constant Z on this rank's batch."""
        lse, _ = self.sampled_softmax_statistics(feature, negatives, temperature)
        return lse.logsumexp(0).exp() * (self.length / (len(lse) * negatives.num))

    def _local_part(self, index: Tensor, feature: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What this rank has to move; a sample of other ranks repeats one of this rank's.

        The shapes stay, so that no step waits for the device to count this rank's samples.
        """
        local, own = self._locate(index)
        position = torch.arange(len(index), device=index.device)
        position = torch.where(own, position, own.int().argmax())
        return local[position], feature[position], own

    def pop_drift(self) -> float:
        """Mean of 1 - cos(old row, new row) over all ranks' updates since the last call."""
        all_reduce(self._drift)
        return super().pop_drift()

    def synchronize(self) -> None:
        """Nothing to do: every row has one owner."""

    def verify(self) -> None:
        """Check that all ranks, which call together, hold slices of the same bank.

        Raises:
            RuntimeError: The lengths differ.
        """
        lengths = torch.stack(all_gather(self._drift.new_tensor(self.length))).long().tolist()
        if len(set(lengths)) > 1:
            raise RuntimeError(f'the ranks hold slices of banks of different lengths: {lengths}')

    @contextmanager
    def gathered_rows(self) -> Iterator[None]:
        """Inside, the ``state_dict`` of rank 0 holds all N rows; all ranks enter together.

        Outside it holds no rows: a slice would pass for a bank. The rows come to the memory of
        rank 0's CPU, block by block, and go when the context is left.
        """
        if self.is_sharded:
            self._full = self._gather()
        try:
            yield
        finally:
            self._full = None

    def _gather(self) -> Tensor | None:
        """All N rows on the CPU of rank 0, None on the others."""
        rank, world_size = get_dist_info()
        slices = _slices(self.length, world_size)
        full = None
        if rank == 0:
            full = self.feature_bank.new_empty(self.length, self.feat_dim, device='cpu')
        # every rank sends blocks of the sizes of the largest share, which is that of rank 0
        for start in range(0, slices[0].stop, _ROWS_AT_A_TIME):
            size = min(_ROWS_AT_A_TIME, slices[0].stop - start)
            block = self.feature_bank.new_zeros(size, self.feat_dim)
            own = self.feature_bank[start : start + size]
            block[: len(own)] = own
            for part, rows in zip(slices, gather(block), strict=False):
                target = full[part][start : start + size]
                target.copy_(rows[: len(target)])
        return full

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        """Save the full bank or, outside of :meth:`gathered_rows`, none."""
        super()._save_to_state_dict(destination, prefix, keep_vars)
        if self.is_sharded:
            del destination[f'{prefix}feature_bank']
        if self._full is not None:
            destination[f'{prefix}feature_bank'] = self._full


def _slices(length: int, world_size: int) -> list[slice]:
    """Contiguous rows of each rank; the first ``length % world_size`` ranks have one more."""
    small, larger = divmod(length, world_size)
    starts = [rank * small + min(rank, larger) for rank in range(world_size + 1)]
    return [slice(*bounds) for bounds in zip(starts, starts[1:], strict=False)]
