"""Choose which images a picture shows."""

from collections import Counter
from collections.abc import Iterable

import numpy as np

from npid_mm.utils.checks import check_whole


def sample_positions(length: int, count: int, seed: int) -> np.ndarray:
    """Sample distinct positions at random; equal seeds give equal positions.

    Args:
        length (int): Positions to sample from, 0 to ``length`` - 1.
        count (int): Number of positions, at least 1; more than ``length`` means all.
        seed (int): At least 0.

    Returns:
        ndarray: (min(count, length),), int64, ascending.

    Raises:
        ValueError: If ``count`` or ``seed`` is too small.

    Example:
        >>> len(sample_positions(length=1000, count=5, seed=0))
        5
    """
    check_whole('count', count)
    check_whole('seed', seed, 0)
    generator = np.random.default_rng(seed)
    return np.sort(generator.choice(length, min(count, length), replace=False))


def sample_across_classes(labels: Iterable[int], count: int) -> list[int]:
    """Select evenly spaced positions of as many classes as possible.

    Args:
        labels (Iterable[int]): Class of each of the n positions; distinct numbers for
            images without classes.
        count (int): Number of positions, at least 1; more than n means all.

    Returns:
        list[int]: min(count, n) positions, ascending.

    Raises:
        ValueError: If ``count`` is too small.

    Example:
        >>> sample_across_classes([0, 0, 0, 0, 1, 1, 1, 1], 2)
        [0, 4]
    """
    check_whole('count', count)
    seen: Counter[int] = Counter()
    turns = []  # sorted: the first position of each class, then the second of each, ...
    for position, label in enumerate(labels):
        turns.append((seen[label], label, position))
        seen[label] += 1
    count = min(count, len(turns))
    first = sorted(turns)[: max(count, len(seen))]
    return sorted(first[i * len(first) // count][-1] for i in range(count))
