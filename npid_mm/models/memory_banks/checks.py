"""Checks of instance indexes, and of the rows in a checkpoint, against a memory bank."""

import torch
from torch import Tensor

from npid_mm.losses.arithmetic import compute_dtype

# Largest deviation of a norm from 1. Banks of the authors' code and of VISSL start from rows of
# norm 1.00 +- 0.04 and keep those of images that no step has seen.
_TOLERANCE = 0.3


def check_index(index: Tensor, length: int) -> None:
    """Check that a bank of ``length`` rows has one for each instance index (B,), on the CPU.

    Raises:
        ValueError: If the bank has no rows yet.
        IndexError: If an index is outside [0, N).
    """
    if length == 0:
        raise ValueError(
            'the memory bank has no rows yet: add default_hooks = dict(memory_bank=dict(type='
            "'MemoryBankHook')) to the config, which gives it one for each training image; in a "
            'training loop of your own call memory_bank.set_length(N)'
        )
    low, high = int(index.min()), int(index.max())
    if low < 0 or high >= length:
        wrong = low if low < 0 else high
        raise IndexError(
            f'sample_idx {wrong} is outside the memory bank of {length} rows (0 to {length - 1}): '
            'the bank belongs to another training set'
        )


def check_saved_rows(saved: Tensor, length: int, feat_dim: int) -> None:
    """Check that the rows of a checkpoint are unit vectors and fit a bank.

    Args:
        saved (Tensor): Rows of the checkpoint.
        length (int): N of the bank, or 0 if any number fits.
        feat_dim (int): D of the bank.

    Raises:
        ValueError: If the shape does not fit, or the norm of a row is not finite or not about 1.
    """
    if saved.dim() != 2 or saved.size(1) != feat_dim:
        raise ValueError(
            f'the checkpoint holds a memory bank of shape {tuple(saved.shape)}, but '
            f'memory_bank.feat_dim is {feat_dim}: use the config that wrote it'
        )
    if length not in (0, len(saved)):
        raise ValueError(
            f'the checkpoint holds a memory bank of {len(saved)} rows, but the bank has {length}: '
            'resume with the data that it was trained on, or start from its backbone alone '
            '(npid convert extract-backbone)'
        )
    norms = torch.linalg.vector_norm(saved, dim=1, dtype=compute_dtype(saved))
    wrong = ~((norms - 1).abs() <= _TOLERANCE)  # also where a norm is NaN
    if wrong.any():
        first = int(wrong.int().argmax())
        raise ValueError(
            'the rows of a memory bank must be unit vectors, but '
            f'{int(wrong.sum()):,} of the {len(saved):,} rows in the checkpoint are not, the first '
            f'row {first} of norm {float(norms[first]):.4g}: the file is damaged, or was changed; '
            'give another checkpoint'
        )
