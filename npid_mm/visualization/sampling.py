"""Which of many positions a picture shows."""

import numpy as np


def drawn_positions(length, count, seed):
    """Draw different positions, in ascending order; equal seeds draw the same.

    Args:
        length (int): Positions to draw from, 0 to ``length`` - 1.
        count (int): How many, at least 1; more than ``length`` means all.
        seed (int): At least 0.

    Returns:
        ndarray: (min(count, length),), int64.

    Raises:
        ValueError: ``count`` or ``seed`` is too small.
    """
    for name, value, least in (('count', count, 1), ('seed', seed, 0)):
        if value < least:
            raise ValueError(f'{name} must be at least {least}, got {value}')
    generator = np.random.default_rng(seed)
    return np.sort(generator.choice(length, min(count, length), replace=False))
