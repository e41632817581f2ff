"""The memory bank that every rank holds whole."""

import torch
from mmengine.dist import all_gather, broadcast, get_world_size
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

DTYPES = {name: getattr(torch, name) for name in ('float32', 'bfloat16', 'float16', 'float64')}
INITS = ('random', 'features')
# Rows normalised at a time while the bank is drawn: bounds the float32 scratch memory.
_ROWS_AT_A_TIME = 1 << 17


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
        if feat_dim < 1:
            raise ValueError(f'feat_dim must be at least 1, got {feat_dim}')
        if not 0 < momentum <= 1:
            raise ValueError(
                f'momentum is the weight of the new feature and must be in (0, 1], got {momentum}'
            )
        if dtype not in DTYPES:
            raise ValueError(f'dtype must be one of {sorted(DTYPES)}, got {dtype!r}')
        if init not in INITS:
            raise ValueError(f'init must be one of {INITS}, got {init!r}')
        self.feat_dim = feat_dim
        self.momentum = momentum
        self.init = init
        # 'empty' until the length is known, then 'random', 'features' or 'checkpoint'
        self.origin = 'empty'
        self.register_buffer('feature_bank', torch.empty(0, feat_dim, dtype=DTYPES[dtype]))
        self.register_buffer('_drift', torch.zeros(2, dtype=torch.float64), persistent=False)
        if length is not None:
            self.set_length(length)

    @property
    def length(self) -> int:
        """int: N, or 0 while it is not known."""
        return self.feature_bank.size(0)

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
        if length < 1:
            raise ValueError(f'the memory bank needs a length of at least 1, got {length}')
        if self.length not in (0, length):
            raise ValueError(
                f'memory_bank.length is {self.length}, but the data has {length} instances: '
                'set model.memory_bank.length=None to follow the data'
            )
        if self.length == length:
            return
        # drawn on the CPU, so that a seed gives the same bank on every device
        rows = torch.empty(length, self.feat_dim, dtype=self.feature_bank.dtype)
        for block in rows.split(_ROWS_AT_A_TIME):
            block.copy_(F.normalize(torch.randn(block.shape, dtype=self._arithmetic)))
        self.feature_bank = rows.to(self.feature_bank.device)
        self.origin = 'random'

    def rows(self, index: Tensor) -> Tensor:
        """Rows ``index`` (B,) of the bank as (B, D) in the dtype of the arithmetic."""
        return self.feature_bank[index].to(self._arithmetic)

    def check_index(self, index: Tensor) -> None:
        """Refuse instance indexes (B,), on the CPU, that the bank has no row for.

        Raises:
            IndexError: An index is outside [0, N).
        """
        low, high = int(index.min()), int(index.max())
        if low < 0 or high >= self.length:
            wrong = low if low < 0 else high
            raise IndexError(
                f'sample_idx {wrong} is outside the memory bank of {self.length} rows '
                f'(0 to {self.length - 1}): the bank and the training set do not belong together'
            )

    # What the heads ask of a bank. A bank that is spread over ranks answers the same questions.

    def softmax_statistics(self, feature: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
        """Log-sum-exp (B,) and mean row (B, D) of the softmax of ``feature`` over all N rows."""
        return softmax_statistics(feature, self.feature_bank, temperature)

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
        features, whatever their order. All other rows stay as they are.

        Args:
            feature (Tensor): Embeddings (B, D) of this rank's batch.
            index (Tensor): Their instance indexes (B,).
            momentum (float, optional): Overrides the bank's own.
        """
        momentum = self.momentum if momentum is None else momentum
        feature = feature.to(self._arithmetic)
        if get_world_size() > 1:
            feature = torch.cat(all_gather(feature.contiguous()))
            index = torch.cat(all_gather(index.contiguous()))
        index, feature = _mean_of_repeated(index, feature)
        old = self.rows(index)
        new = F.normalize(old.lerp(feature, momentum))
        self.feature_bank[index] = new.to(self.feature_bank.dtype)
        self._drift += torch.stack(
            [(1 - (old * new).sum(1)).sum().double(), old.new_tensor(len(index)).double()]
        )

    def pop_drift(self) -> float:
        """Mean of 1 - cos(old row, new row) over all updates since the last call."""
        total, count = self._drift.tolist()
        self._drift.zero_()
        return total / max(count, 1)

    def synchronize(self) -> None:
        """Give every rank the rows of rank 0."""
        broadcast(self.feature_bank)

    def _load_from_state_dict(self, state_dict, prefix, *args, **kwargs):
        """Take the length from the checkpoint if none is set; refuse another N or D."""
        saved = state_dict.get(f'{prefix}feature_bank')
        if saved is not None:
            if saved.dim() != 2 or saved.size(1) != self.feat_dim:
                raise ValueError(
                    f'the checkpoint holds a memory bank of shape {tuple(saved.shape)}, but '
                    f'memory_bank.feat_dim is {self.feat_dim}: use the config that wrote it'
                )
            if self.length not in (0, len(saved)):
                raise ValueError(
                    f'the checkpoint holds a memory bank of {len(saved)} rows, but the bank has '
                    f'{self.length}: resume with the data that it was trained on'
                )
            if self.length == 0:
                self.feature_bank = self.feature_bank.new_empty(saved.shape)
            self.origin = 'checkpoint'
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


def _mean_of_repeated(index: Tensor, feature: Tensor) -> tuple[Tensor, Tensor]:
    """Sort ``index`` (B,) and replace each of ``feature`` (B, D) by the mean over its index.

    Shapes stay (B,) and (B, D): equal indexes carry equal features, so that a scatter is the
    same in whatever order it writes, and no step waits for the device to count distinct ones.
    """
    index, order = index.sort(stable=True)
    first = torch.ones_like(index)
    first[1:] = index[1:] != index[:-1]
    group = first.cumsum(0) - 1
    # float64 sums: the order in which a device adds must not show in the stored row
    total = torch.zeros_like(feature, dtype=torch.float64)
    total.index_add_(0, group, feature[order].double())
    count = torch.zeros_like(total[:, 0]).index_add_(0, group, torch.ones_like(total[:, 0]))
    mean = total / count.clamp_(min=1).unsqueeze(1)
    return index, mean[group].to(feature.dtype)
