"""Checks of the arguments of losses."""

import torch
from torch import Tensor

from npid_mm.utils.checks import check_number, check_temperature


def check_inputs(
    feature: Tensor,
    bank: Tensor,
    temperature: float | None = None,
    index: Tensor | None = None,
    negatives: Tensor | None = None,
) -> None:
    """Check the arguments of a loss; those that it does not have stay None.

    Raises:
        ValueError: If the temperature is below 0.001, or shapes or types are incompatible.
        IndexError: If ``index`` or ``negatives`` are outside [0, N) and on the CPU.
    """
    for name, value in (('feature', feature), ('bank', bank)):
        if value.dim() != 2 or not value.is_floating_point():
            raise ValueError(
                f'{name} must be a floating point matrix, got {value.dtype} of shape '
                f'{tuple(value.shape)}'
            )
    if len(feature) == 0:
        raise ValueError(f'feature must hold a sample or more, got shape {tuple(feature.shape)}')
    if feature.shape[1] != bank.shape[1]:
        raise ValueError(
            'feature (B, D) and bank (N, D) must have the same D, '
            f'got {tuple(feature.shape)} and {tuple(bank.shape)}'
        )
    if temperature is not None:
        check_temperature(temperature)
    batch = len(feature)
    if index is not None:
        if index.shape != (batch,):
            raise ValueError(
                f'index must have shape (B,) = ({batch},) as feature has {tuple(feature.shape)}, '
                f'got {tuple(index.shape)}'
            )
        check_range('index', index, len(bank))
    if negatives is not None:
        if negatives.dim() != 2 or len(negatives) != batch or negatives.shape[1] == 0:
            raise ValueError(
                f'negatives must have shape (B, M) = ({batch}, M >= 1) as feature has '
                f'{tuple(feature.shape)}, got {tuple(negatives.shape)}'
            )
        check_range('negatives', negatives, len(bank))


def check_z(z: float | Tensor) -> None:
    """Check Z; the value of a tensor is not read, which would wait for an accelerator.

    Raises:
        ValueError: If ``z`` is neither a number above 0 nor a 0-dim tensor.
    """
    if not torch.is_tensor(z):
        check_number('z', z, '(0, inf)')
    elif z.dim() != 0:
        raise ValueError(f'z must be a number or a 0-dim tensor, got shape {tuple(z.shape)}')


def check_range(name: str, value: Tensor, length: int) -> None:
    """Check indexes into a bank of ``length`` rows.

    The values are read on the CPU only: on an accelerator the check would wait for the device,
    and the gather that follows reports a wrong index itself.

    Raises:
        ValueError: If the bank is empty or ``value`` does not hold integers.
        IndexError: If a value is outside [0, length).
    """
    if length == 0:
        raise ValueError(f'{name} needs a bank of at least one row, got none')
    if value.dtype not in (torch.int64, torch.int32):
        raise ValueError(f'{name} must be int64 or int32, got {value.dtype}')
    if value.device.type != 'cpu':
        return
    low, high = (int(bound) for bound in torch.aminmax(value))
    if low < 0 or high >= length:
        wrong = low if low < 0 else high
        raise IndexError(f'{name} must be between 0 and {length - 1}, got {wrong}')
