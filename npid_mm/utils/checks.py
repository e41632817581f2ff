"""Checks of numbers among the arguments: what is wrong is named, with the rule and what came."""

import math
from numbers import Integral, Real


def check_whole(name: str, value: int, least: int = 1) -> None:
    """Check a whole number; bools and texts are not numbers here.

    Args:
        name (str): What the message calls it.
        value (int): Of Python or NumPy.
        least (int): The smallest value that is allowed.

    Raises:
        ValueError: ``value`` is not a whole number, or below ``least``.
    """
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise ValueError(f'{name} must be a whole number, got {value!r}')
    if value < least:
        raise ValueError(f'{name} must be at least {least}, got {value}')


def check_number(name: str, value: float, allowed: str) -> None:
    """Check that a finite number is in an interval; bools and texts are not numbers here.

    Args:
        name (str): What the message calls it.
        value (float): Of Python or NumPy.
        allowed (str): The interval, e.g. '(0, 1]', '[0, inf)' or '(0, inf)'.

    Raises:
        ValueError: ``value`` is not a number, not finite, or outside.
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
