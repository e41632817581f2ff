"""Checks of numeric arguments, with messages that name the argument, the rule and the value."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

# the rounding of a float32 cosine, 1e-7, moves a logit by 1e-4 there, and by more below
MIN_TEMPERATURE = 1e-3


def check_whole(name: str, value: int, least: int = 1) -> None:
    """Check a whole number of Python or NumPy; bools are not numbers here.

    Args:
        name (str): Name of the argument in the message.
        value (int): Its value.
        least (int): Smallest allowed value.

    Raises:
        ValueError: If ``value`` is not a whole number, or below ``least``.
    """
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise ValueError(f'{name} must be a whole number, got {value!r}')
    if value < least:
        raise ValueError(f'{name} must be at least {least}, got {value}')


def check_number(name: str, value: float, allowed: str) -> None:
    """Check that a number of Python or NumPy is in an interval; bools are not numbers here.

    Args:
        name (str): Name of the argument in the message.
        value (float): Its value.
        allowed (str): The interval, e.g. '(0, 1]', '[0, inf)' or '(0, inf)'.

    Raises:
        ValueError: If ``value`` is not a number, not finite, or outside.
    """
    low, high = map(float, allowed[1:-1].split(','))
    inside = (
        isinstance(value, Real)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and (low < value or (low == value and allowed[0] == '['))
        and (value < high or (value == high and allowed[-1] == ']'))
    )
    if not inside:
        rule = {'(0, inf)': '> 0', '[0, inf)': '>= 0'}.get(allowed, f'in {allowed}')
        raise ValueError(f'{name} must be {rule}, got {value!r}')


def check_temperature(
    value: float,
    name: str = 'temperature',
    terms: int | None = None,
    peak: float = 1.0,
    dtype: torch.dtype | None = None,
) -> None:
    """Check the temperature of a softmax, or of a sum of exponentials of cosines.

    Args:
        value (float): Temperature, at least 0.001.
        name (str): Name of the argument in the message.
        terms (int, optional): Terms of a sum of exp(s / temperature), which must be finite.
        peak (float): The largest s, if it is above 1.
        dtype (torch.dtype, optional): Floating type of the sum, by default float32.

    Raises:
        ValueError: If ``value`` is not a finite number, or so low that rounding decides the
            softmax or the sum overflows.
    """
    check_number(name, value, '(0, inf)')
    if terms is not None:
        import torch

        dtype = dtype or torch.float32
        peak = max(peak, 1.0)
        lowest = peak / (math.log(torch.finfo(dtype).max) - math.log(terms))
        if value < lowest:
            raise ValueError(
                f'{name} must be at least {lowest:.4f}, below it the sum of {terms} exp({peak:g} / '
                f'temperature) overflows {dtype}, got {value}'
            )
    if value < MIN_TEMPERATURE:
        raise ValueError(
            f'{name} must be at least {MIN_TEMPERATURE}, below which the rounding of a cosine '
            f'decides the loss, got {value!r}'
        )


def non_finite_rows(rows: torch.Tensor) -> torch.Tensor:
    """Return the positions of the rows (N, D) that hold NaN or infinity."""
    # The sum of a row is finite only if all its terms are. As a sum of finite numbers may overflow,
    # the suspects are looked at in full.
    suspect = (~rows.sum(dim=1).isfinite()).nonzero().flatten()
    return suspect[(~rows[suspect].isfinite()).any(dim=1)]


def check_finite_rows(name: str, rows: torch.Tensor, advice: str = '') -> None:
    """Check that all rows (N, D) are finite.

    Args:
        name (str): Name of the rows in the message.
        rows (Tensor): (N, D).
        advice (str): End of the message, such as ': give another checkpoint'.

    Raises:
        ValueError: If a row holds NaN or infinity.
    """
    broken = non_finite_rows(rows)
    if len(broken):
        raise ValueError(
            f'{name} must be finite, but {len(broken)} of its {len(rows)} rows hold '
            f'NaN or infinity, the first is row {int(broken[0])}{advice}'
        )
