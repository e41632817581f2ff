"""Memory bank whose rows are sharded over the ranks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from mmengine.dist import all_gather, all_reduce, gather, get_dist_info, get_world_size
from mmpretrain.registry import MODELS
from torch import Tensor

from npid_mm.losses import draw_negatives
from npid_mm.losses.arithmetic import compute_dtype
from npid_mm.losses.statistics import S

from .bank_rows import rows_to_exclude
from .collectives import gather_batches, return_parts
from .memory_bank import MemoryBank

# Rows that each rank sends to rank 0 at a time for a checkpoint.
_ROWS_AT_A_TIME = 1 << 15


class ShardNegatives(NamedTuple):
    """Negatives that one rank drew from its own rows for the samples of all ranks."""

    rows: Tensor
    """(W B, M_r), rows of this rank's ``feature_bank``."""
    weight: Tensor
    """(W B,), number of times each draw counts: 1 if M_r is proportional to the rows drawn from."""


@MODELS.register_module()
class ShardedMemoryBank(MemoryBank):
    """A :class:`MemoryBank` of which each rank holds an even, contiguous slice: ``feature_bank``.

    Features and indexes of all ranks' batches are gathered, each rank computes the statistics of
    its own rows for all of them, and the statistics are returned and merged; negatives are never
    sent. All ranks must call every method together, with batches of one size.

    A sample's M negatives are M_r draws from each rank's rows, in proportion to their number.
    Where that is not a whole number, and where a sample's own row is excluded, a draw counts
    (M / M_r) (n_r / n) times, with n_r of n rows to draw from on rank r: any sum over the
    negatives has the expectation that M draws from the n rows have.

    A checkpoint holds the full bank (:meth:`gathered_rows`) and loads into either kind of bank,
    over any number of ranks.

    Args:
        length (int, optional): N, at least one row per rank.
        feat_dim (int): D.
        momentum (float): Weight of the NEW feature, in (0, 1].
        dtype (str): Type of the stored rows.
        init (str): 'random' or 'features'.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> bank = ShardedMemoryBank(length=1000, feat_dim=128)
        >>> bank.local_rows  # all, as there is one rank
        slice(0, 1000, None)
    """

    _full: Tensor | None = None  # the rows of all ranks on rank 0, inside gathered_rows()

    @property
    def is_sharded(self) -> bool:
        """bool: Whether there is more than one rank."""
        return get_world_size() > 1

    def _local_slice(self, length: int) -> slice:
        rank, world_size = get_dist_info()
        if 0 < length < world_size:
            raise ValueError(
                f'ShardedMemoryBank needs a row for each of the {world_size} ranks, got a bank of '
                f'{length}: use fewer ranks, or MemoryBank'
            )
        return _slices(length, world_size)[rank]

    def _locate(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Return rows of ``feature_bank`` (B,), and whether they are those of ``index`` (B,)."""
        own = self.local_rows
        local = (index - own.start).clamp(0, len(self.feature_bank) - 1)
        return local, (index >= own.start) & (index < own.stop)

    def rows(self, index: Tensor) -> Tensor:
        """Return the rows ``index`` (B,) of the bank as (B, D), in float32 or float64."""
        local, is_local = self._locate(gather_batches(index))
        rows = self.feature_bank[local].masked_fill(~is_local.unsqueeze(1), 0)
        return torch.stack(return_parts(rows)).sum(0).to(compute_dtype(rows))

    def draw_negatives(
        self, index: Tensor, num: int, exclude_positive: bool, copies: Tensor | None = None
    ) -> ShardNegatives:
        """Sample this rank's share of M negatives for the instances ``index`` (B,) of all ranks.

        Raises:
            ValueError: If ``num`` is too small for a draw from the rows of every rank, or the
                positive is the only row.
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
        if copies is not None:
            exclude = rows_to_exclude(index, exclude_positive, copies)
            assert exclude is not None
            return self._draw_without(gather_batches(exclude), num, shares[rank])
        local, own = self._locate(gather_batches(index))
        own &= exclude_positive
        shape = (len(local), shares[rank], len(self.feature_bank))
        # the only row of a rank is drawn even where it is excluded, with a weight of 0
        excluding = exclude_positive and (len(self.feature_bank) > 1 or not self.is_sharded)
        others = draw_negatives(*shape, exclude=local) if excluding else None
        rows = draw_negatives(*shape, device=index.device)
        if others is not None:
            rows = torch.where(own.unsqueeze(1), others, rows)
        candidates = len(self.feature_bank) - own.to(compute_dtype(self.feature_bank))
        total = self.length - exclude_positive
        return ShardNegatives(rows, candidates * num / (total * shares[rank]))

    def _draw_without(self, exclude: Tensor, num: int, share: int) -> ShardNegatives:
        """Draw from this rank's rows without some (W B, G) of the whole bank, -1 for none."""
        local, inside = self._locate(exclude)
        length = len(self.feature_bank)
        rows = draw_negatives(len(exclude), share, length, local.masked_fill(~inside, -1))
        # 0 if all rows of this rank are excluded
        candidates = (length - inside.sum(dim=1)).to(compute_dtype(self.feature_bank))
        total = self.length - (exclude >= 0).sum(dim=1)
        return ShardNegatives(rows, candidates * num / (total * share))

    def reduce(
        self,
        statistic: Callable[..., S],
        feature: Tensor,
        negatives: ShardNegatives | None = None,
        exclude: Tensor | None = None,
    ) -> S:
        """Compute a statistic of the rows of all ranks, see :meth:`MemoryBank.reduce`."""
        feature = gather_batches(feature.detach())
        if exclude is not None:
            # rows of other ranks get numbers that this one does not have
            exclude = gather_batches(exclude) - self.local_rows.start
        if negatives is None:
            local = super().reduce(statistic, feature, exclude=exclude)
        else:
            local = super().reduce(statistic, feature, negatives.rows, exclude)
            local = local.weighted(negatives.weight)
        kind = type(local)
        return kind.merge([kind(*fields) for fields in zip(*map(return_parts, local), strict=True)])

    def _local_part(self, index: Tensor, feature: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Select what this rank has to move; a sample of other ranks repeats one of this rank's.

        The shapes stay, so that no step waits for the device to count this rank's samples.
        """
        local, is_local = self._locate(index)
        position = torch.arange(len(index), device=index.device)
        position = torch.where(is_local, position, is_local.int().argmax())
        return local[position], feature[position], is_local

    def pop_drift(self) -> float:
        """Return the mean of 1 - cos(old row, new row) over all ranks' updates."""
        all_reduce(self._drift)
        return super().pop_drift()

    def synchronize(self) -> None:
        """Do nothing: each row is on one rank only."""

    def verify(self) -> None:
        """Check that all ranks, which must call together, hold slices of the same bank.

        Raises:
            RuntimeError: If the lengths differ.
        """
        lengths = torch.stack(all_gather(self._drift.new_tensor(self.length))).long().tolist()
        if len(set(lengths)) > 1:
            raise RuntimeError(f'the ranks hold slices of banks of different lengths: {lengths}')

    @contextmanager
    def gathered_rows(self) -> Iterator[None]:
        """Let the ``state_dict`` of rank 0 hold all N rows; all ranks must enter together.

        Outside it holds no rows: a slice could be mistaken for a bank. The rows are copied to the
        memory of rank 0's CPU, block by block, and released on exit.
        """
        if self.is_sharded:
            self._full = self._gather()
        try:
            yield
        finally:
            self._full = None

    def _gather(self) -> Tensor | None:
        """Return all N rows on the CPU of rank 0, None on the others."""
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
            received = gather(block)
            if full is not None:
                for part, rows in zip(slices, received, strict=True):
                    target = full[part][start : start + size]
                    target.copy_(rows[: len(target)])
        return full

    def _save_to_state_dict(self, destination: dict, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        if self.is_sharded:
            del destination[f'{prefix}feature_bank']
        if self._full is not None:
            destination[f'{prefix}feature_bank'] = self._full


def _slices(length: int, world_size: int) -> list[slice]:
    """Divide rows over ranks; the first ``length % world_size`` ranks have one more."""
    small, larger = divmod(length, world_size)
    starts = [rank * small + min(rank, larger) for rank in range(world_size + 1)]
    return [slice(*bounds) for bounds in zip(starts, starts[1:], strict=False)]
