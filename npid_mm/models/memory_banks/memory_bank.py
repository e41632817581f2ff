"""Memory bank with a full copy on every rank."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from mmengine.dist import all_gather, broadcast
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import Tensor
from torch.nn import functional as F

from npid_mm.losses import draw_negatives
from npid_mm.losses.arithmetic import compute_dtype
from npid_mm.losses.statistics import S
from npid_mm.utils.checks import check_number, check_whole

from .bank_rows import mean_of_repeated, random_unit_rows, rows_to_exclude
from .checks import check_index, check_saved_rows
from .collectives import gather_batches

DTYPES = {name: getattr(torch, name) for name in ('float32', 'bfloat16', 'float16', 'float64')}
INITS = ('random', 'features')


@MODELS.register_module()
class MemoryBank(BaseModule):
    """One unit row for each training instance: V = {v_j}, N x D (paper, section 3.1).

    The buffer is called ``feature_bank``, so that a checkpoint of MMSelfSup 1.x fits.

    Args:
        length (int, optional): N, the number of instances. None takes it from the training set
            (:class:`MemoryBankHook`) or from the checkpoint that is loaded first.
        feat_dim (int): D, the dimension of an embedding.
        momentum (float): Weight of the NEW feature, in (0, 1]:
            ``v <- normalize((1 - momentum) v + momentum f)``. 1 is the paper's replacement.
        dtype (str): Type of the stored rows: 'float32', 'bfloat16', 'float16' or 'float64'.
            Arithmetic is done in float32 (float64 for a float64 bank).
        init (str): 'random' starts from random unit rows (paper); 'features' from one pass of
            the untrained network over the training set, made by :class:`MemoryBankHook`.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> bank = MemoryBank(length=1000, feat_dim=128, dtype='bfloat16')
        >>> bank.rows(torch.tensor([0, 999])).shape
        torch.Size([2, 128])
    """

    feature_bank: Tensor
    _drift: Tensor

    def __init__(
        self,
        length: int | None = None,
        feat_dim: int = 128,
        momentum: float = 0.5,
        dtype: str = 'float32',
        init: str = 'random',
    ):
        super().__init__()
        check_whole('feat_dim', feat_dim)
        check_number('momentum (weight of the new feature)', momentum, '(0, 1]')
        if dtype not in DTYPES:
            raise ValueError(f'dtype must be one of {sorted(DTYPES)}, got {dtype!r}')
        if init not in INITS:
            raise ValueError(f'init must be one of {INITS}, got {init!r}')
        self.feat_dim = feat_dim
        self.momentum = momentum
        self.init = init
        # 'empty' until the length is known, then 'random', 'features' or 'checkpoint'
        self.initialized_from = 'empty'
        self._length = 0
        self.register_buffer('feature_bank', torch.empty(0, feat_dim, dtype=DTYPES[dtype]))
        self.register_buffer('_drift', torch.zeros(2, dtype=torch.float64), persistent=False)
        if length is not None:
            self.set_length(length)

    @property
    def length(self) -> int:
        """int: N, or 0 while it is not known."""
        return self._length

    @property
    def is_sharded(self) -> bool:
        """bool: Whether each rank holds different rows, its :attr:`local_rows`."""
        return False

    @property
    def local_rows(self) -> slice:
        """slice: The rows that this rank holds, in the order of ``feature_bank``."""
        return self._local_slice(self.length)

    def _local_slice(self, length: int) -> slice:
        """Return the rows that this rank holds of a bank of ``length``."""
        return slice(0, length)

    @torch.no_grad()
    def set_length(self, length: int) -> None:
        """Set N and draw random unit rows; a bank that has N rows stays as it is.

        Raises:
            ValueError: If ``length`` is below 1, or the bank already has another one.
        """
        check_whole('length of the memory bank', length)
        if self.length not in (0, length):
            raise ValueError(
                f'memory_bank.length is {self.length}, but the data has {length} instances: '
                'set model.memory_bank.length=None to follow the data'
            )
        if self.length == length:
            return
        self.feature_bank = random_unit_rows(length, self._local_slice(length), self.feature_bank)
        self._length = length
        self.initialized_from = 'random'

    def rows(self, index: Tensor) -> Tensor:
        """Return the rows ``index`` (B,) of the bank as (B, D), in float32 or float64."""
        return self.feature_bank[index].to(compute_dtype(self.feature_bank))

    def check_index(self, index: Tensor) -> None:
        """Check that the bank has a row for each of the instance indexes (B,), on the CPU."""
        check_index(index, self.length)

    def draw_negatives(
        self, index: Tensor, num: int, exclude_positive: bool, copies: Tensor | None = None
    ) -> Any:
        """Sample M negatives uniformly for each of the instances ``index`` (B,).

        Args:
            index (Tensor): (B,).
            num (int): M.
            exclude_positive (bool): Whether to sample from the N - 1 other rows.
            copies (Tensor, optional): (B, G), further rows to leave out, -1 for none.

        Returns:
            Tensor: (B, M), to be passed to :meth:`reduce`.
        """
        exclude = rows_to_exclude(index, exclude_positive, copies)
        return draw_negatives(len(index), num, self.length, exclude, device=index.device)

    def reduce(
        self,
        statistic: Callable[..., S],
        feature: Tensor,
        negatives: Any = None,
        exclude: Tensor | None = None,
    ) -> S:
        """Compute a statistic of the rows for each sample, without a gradient.

        Args:
            statistic (Callable): Function of features (B, D) and rows (N, D) and, if they are
                given, of ``negatives`` and ``exclude``, e.g.
                ``functools.partial(npid_mm.losses.nce_statistics, temperature=0.07, ...)``.
            feature (Tensor): (B, D).
            negatives (Tensor, optional): Rows to use, from :meth:`draw_negatives`.
            exclude (Tensor, optional): (B,) or (B, G), rows to leave out for each sample.

        Returns:
            Statistics: What ``statistic`` returns, over the rows of all ranks.
        """
        selection = dict(negatives=negatives, exclude=exclude)
        given = {name: value for name, value in selection.items() if value is not None}
        return statistic(feature.detach(), self.feature_bank, **given)

    @torch.no_grad()
    def update(self, feature: Tensor, index: Tensor, momentum: float | None = None) -> None:
        """Move the rows of all ranks' batches: v <- normalize((1 - momentum) v + momentum f).

        A row that occurs more than once in the step gets one update, from the mean of its
        features, in any order. All other rows stay as they are. Features are normalized first, as
        in MMSelfSup; a feature of zeros moves nothing.

        Args:
            feature (Tensor): Embeddings (B, D) of this rank's batch.
            index (Tensor): Their instance indexes (B,).
            momentum (float, optional): Overrides the bank's own.
        """
        momentum = self.momentum if momentum is None else momentum
        dtype = compute_dtype(self.feature_bank)
        feature = gather_batches(F.normalize(feature.to(dtype)))
        index, feature = mean_of_repeated(gather_batches(index), feature)
        row, feature, is_local = self._local_part(index, feature)
        old = self.feature_bank[row].to(dtype)
        new = F.normalize(old.lerp(feature, momentum))
        # Keep a row on a rank without local samples, and where the new one would be zeros or not
        # finite: GradScaler skips a step that overflows, but a row of NaN would stay.
        valid = (new.isfinite() & new.any(1, keepdim=True)).all(1, keepdim=True)
        new = torch.where(is_local.any() & valid, new, old)
        self.feature_bank[row] = new.to(self.feature_bank.dtype)
        moved = (1 - (old * new).sum(1)) * is_local
        self._drift += torch.stack([moved.sum().double(), is_local.sum().double()])

    def _local_part(self, index: Tensor, feature: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Select what this rank has to move of a batch of all ranks, equal where the index is.

        Returns:
            tuple[Tensor, Tensor, Tensor]: Rows of ``feature_bank`` (B,), the feature of each
            (B, D), and whether the sample's row is one of this rank's (B,).
        """
        return index, feature, torch.ones_like(index, dtype=torch.bool)

    def pop_drift(self) -> float:
        """Return the mean of 1 - cos(old row, new row) over all updates since the last call."""
        total, count = self._drift.tolist()
        self._drift.zero_()
        return total / max(count, 1)

    def synchronize(self) -> None:
        """Copy the rows of rank 0 to all ranks."""
        broadcast(self.feature_bank)

    def verify(self) -> None:
        """Check that all ranks, which must call together, hold the same bank.

        Raises:
            RuntimeError: If the sums of the rows differ.
        """
        rows = self.feature_bank
        own = torch.stack([rows.sum(dtype=torch.float64), rows[::2].sum(dtype=torch.float64)])
        sums = torch.stack(all_gather(own))
        if not (sums == sums[0]).all():
            raise RuntimeError(
                f'the memory bank differs between ranks (sums of rows: {sums.tolist()}): '
                'something outside NPID wrote to the buffer memory_bank.feature_bank on some '
                'ranks only'
            )

    def gathered_rows(self) -> AbstractContextManager[None]:
        """Return a context in which the ``state_dict`` of rank 0 holds all N rows."""
        return nullcontext()

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        """Check the rows of the checkpoint, and take its length if none is set."""
        saved = state_dict.get(f'{prefix}feature_bank')
        if saved is not None:
            check_saved_rows(saved, self.length, self.feat_dim)  # all, so that all ranks agree
            length = len(saved)
            saved = saved[self._local_slice(length)]
            if self.length == 0:
                self.feature_bank = self.feature_bank.new_empty(saved.shape)
                self._length = length
            state_dict = {**state_dict, f'{prefix}feature_bank': saved}
            self.initialized_from = 'checkpoint'
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
