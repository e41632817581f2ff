"""The memory bank that every rank holds whole."""

from contextlib import AbstractContextManager, nullcontext

import torch
from mmengine.dist import all_gather, broadcast
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import Tensor
from torch.nn import functional as F

from npid_mm.losses import (
    draw_negatives,
    estimate_z,
    nce_statistics,
    sampled_softmax_statistics,
    softmax_statistics,
)
from npid_mm.utils.checks import check_number, check_whole

from .collectives import gather_batches
from .row_updates import check_unit_rows, mean_of_repeated, random_unit_rows

DTYPES = {name: getattr(torch, name) for name in ('float32', 'bfloat16', 'float16', 'float64')}
INITS = ('random', 'features')


@MODELS.register_module()
class MemoryBank(BaseModule):
    """One unit row for each training instance: V = {v_j}, N x D (paper, section 3.1).

    The buffer is called ``feature_bank``, so a checkpoint of MMSelfSup 1.x fits.

    Args:
        length (int, optional): N, the number of instances. None takes it from the training set
            (:class:`MemoryBankHook`) or from the checkpoint that is loaded first.
        feat_dim (int): D, the dimension of an embedding.
        momentum (float): Weight of the NEW feature, in (0, 1]:
            ``v <- normalise((1 - momentum) v + momentum f)``. 1 is the paper's replacement.
        dtype (str): What a row is stored as: 'float32', 'bfloat16', 'float16' or 'float64'.
            Arithmetic is done in float32 (float64 for a float64 bank).
        init (str): 'random' starts from random unit rows (paper); 'features' from one pass of
            the fresh network over the training set, made by :class:`MemoryBankHook`.

    Raises:
        ValueError: An argument is outside what is allowed.
    """

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
        """bool: Whether each rank holds other rows, which :attr:`local_rows` names."""
        return False

    @property
    def local_rows(self) -> slice:
        """slice: The rows that this rank holds, in the order of ``feature_bank``."""
        return self._local_slice(self.length)

    def _local_slice(self, length: int) -> slice:
        """The rows that this rank holds of a bank of ``length``."""
        return slice(0, length)

    @property
    def _arithmetic(self) -> torch.dtype:
        """torch.dtype: What sums and norms of the rows are done in."""
        return torch.float64 if self.feature_bank.dtype == torch.float64 else torch.float32

    @torch.no_grad()
    def set_length(self, length: int) -> None:
        """Give the bank its N rows, drawn as random unit vectors; a known length must agree.

        Raises:
            ValueError: ``length`` is below 1, or the bank already has another one.
        """
        check_whole('length of the memory bank', length)
        if self.length not in (0, length):
            raise ValueError(
                f'memory_bank.length is {self.length}, but the data has {length} instances: '
                'set model.memory_bank.length=None to follow the data'
            )
        if self.length == length:
            return
        # drawn on the CPU, so that a seed gives the same bank on every device
        own = self._local_slice(length)
        stored, arithmetic = self.feature_bank.dtype, self._arithmetic
        rows = random_unit_rows(length, own, self.feat_dim, stored, arithmetic)
        self.feature_bank = rows.to(self.feature_bank.device)
        self._length = length
        self.initialized_from = 'random'

    def rows(self, index: Tensor) -> Tensor:
        """Rows ``index`` (B,) of the bank as (B, D) in the dtype of the arithmetic."""
        return self.feature_bank[index].to(self._arithmetic)

    def check_index(self, index: Tensor) -> None:
        """Refuse instance indexes (B,), on the CPU, that the bank has no row for.

        Raises:
            ValueError: The bank has no rows yet.
            IndexError: An index is outside [0, N).
        """
        if self.length == 0:
            raise ValueError(
                'the memory bank has no rows yet: add default_hooks = dict(memory_bank=dict(type='
                "'MemoryBankHook')) to the config, which gives it one for each training image; in "
                'a training loop of your own call memory_bank.set_length(N)'
            )
        low, high = int(index.min()), int(index.max())
        if low < 0 or high >= self.length:
            wrong = low if low < 0 else high
            raise IndexError(
                f'sample_idx {wrong} is outside the memory bank of {self.length} rows '
                f'(0 to {self.length - 1}): the bank and the training set do not belong together'
            )

    # What the heads ask of a bank. A bank that is spread over ranks answers the same questions.

    def softmax_statistics(
        self, feature: Tensor, index: Tensor, temperature: float
    ) -> tuple[Tensor, Tensor]:
        """Log-sum-exp (B,) and mean row (B, D) of the softmax over all rows but ``index`` (B,)."""
        return softmax_statistics(feature, self.feature_bank, temperature, exclude=index)

    def draw_negatives(self, index: Tensor, num: int, exclude_positive: bool) -> Tensor:
        """Uniform negatives (B, M) for the instances ``index`` (B,)."""
        return draw_negatives(
            len(index),
            num,
            self.length,
            exclude=index if exclude_positive else None,
            device=index.device,
        )

    def sampled_softmax_statistics(
        self, feature: Tensor, negatives: Tensor, temperature: float
    ) -> tuple[Tensor, Tensor]:
        """Log-sum-exp (B,) and mean row (B, D) of the softmax over the drawn negatives."""
        return sampled_softmax_statistics(feature, self.feature_bank, negatives, temperature)

    def nce_statistics(
        self, feature: Tensor, negatives: Tensor, temperature: float, log_noise: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Sum of -log(1 - h) (B,) and h-weighted row (B, D) over the drawn negatives."""
        return nce_statistics(feature, self.feature_bank, negatives, temperature, log_noise)

    def estimate_z(self, feature: Tensor, negatives: Tensor, temperature: float) -> Tensor:
        """Monte-Carlo estimate of the normalising constant Z on this rank's batch."""
        return estimate_z(feature, self.feature_bank, negatives, temperature)

    @torch.no_grad()
    def update(self, feature: Tensor, index: Tensor, momentum: float | None = None) -> None:
        """Move the rows of all ranks' batches: v <- normalise((1 - momentum) v + momentum f).

        A row that is named more than once in the step gets one update, from the mean of its
        features, whatever their order. All other rows stay as they are. Features are normalised
        first, as in MMSelfSup; one of zeros moves nothing.

        Args:
            feature (Tensor): Embeddings (B, D) of this rank's batch.
            index (Tensor): Their instance indexes (B,).
            momentum (float, optional): Overrides the bank's own.
        """
        momentum = self.momentum if momentum is None else momentum
        feature = gather_batches(F.normalize(feature.to(self._arithmetic)))
        index, feature = mean_of_repeated(gather_batches(index), feature)
        row, feature, own = self._local_part(index, feature)
        old = self.feature_bank[row].to(self._arithmetic)
        new = F.normalize(old.lerp(feature, momentum))
        # no row moves on a rank that owns none of the batch, nor to zeros, nor to where half
        # precision has overflown: GradScaler skips such a step, and a row of NaN would outlast it
        unit = (new.isfinite() & new.any(1, keepdim=True)).all(1, keepdim=True)
        new = torch.where(own.any() & unit, new, old)
        self.feature_bank[row] = new.to(self.feature_bank.dtype)
        moved = (1 - (old * new).sum(1)) * own
        self._drift += torch.stack([moved.sum().double(), own.sum().double()])

    def _local_part(self, index: Tensor, feature: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What this rank has to move of a batch of all ranks.

        Args:
            index (Tensor): (B,), rows of the bank.
            feature (Tensor): (B, D), equal where the index is.

        Returns:
            tuple[Tensor, Tensor, Tensor]: Rows of ``feature_bank`` (B,), the feature of each
            (B, D), and whether the sample's row is one of this rank's (B,).
        """
        return index, feature, torch.ones_like(index, dtype=torch.bool)

    def pop_drift(self) -> float:
        """Mean of 1 - cos(old row, new row) over all updates since the last call."""
        total, count = self._drift.tolist()
        self._drift.zero_()
        return total / max(count, 1)

    def synchronize(self) -> None:
        """Give every rank the rows of rank 0."""
        broadcast(self.feature_bank)

    def verify(self) -> None:
        """Check that all ranks, which call together, hold the same bank.

        Raises:
            RuntimeError: The sums of the rows differ.
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

    def gathered_rows(self) -> AbstractContextManager:
        """Inside, the ``state_dict`` of rank 0 holds all N rows; all ranks enter together."""
        return nullcontext()

    def _load_from_state_dict(self, state_dict, prefix, *args, **kwargs):
        """Take the length from the checkpoint if none is set; refuse another N, D or norm."""
        saved = state_dict.get(f'{prefix}feature_bank')
        if saved is not None:
            if saved.dim() != 2 or saved.size(1) != self.feat_dim:
                raise ValueError(
                    f'the checkpoint holds a memory bank of shape {tuple(saved.shape)}, but '
                    f'memory_bank.feat_dim is {self.feat_dim}: use the config that wrote it'
                )
            length = len(saved)
            if self.length not in (0, length):
                raise ValueError(
                    f'the checkpoint holds a memory bank of {length} rows, but the bank has '
                    f'{self.length}: resume with the data that it was trained on, or start '
                    'from its backbone alone (tools/model_converters/extract_backbone.py)'
                )
            check_unit_rows(saved)  # all of them, so that all ranks agree
            saved = saved[self._local_slice(length)]
            if self.length == 0:
                self.feature_bank = self.feature_bank.new_empty(saved.shape)
                self._length = length
            state_dict = {**state_dict, f'{prefix}feature_bank': saved}
            self.initialized_from = 'checkpoint'
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
