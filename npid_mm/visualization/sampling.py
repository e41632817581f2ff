"""Which of many positions a picture shows."""

from collections import Counter

import numpy as np

from npid_mm.utils.checks import check_whole


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
        check_whole(name, value, least)
    generator = np.random.default_rng(seed)
    return np.sort(generator.choice(length, min(count, length), replace=False))


def spread_positions(labels, count):
    """Choose positions of as many classes as possible, evenly spread, in ascending order.

    Args:
        labels (Iterable[int]): Class of each of the n positions; different numbers where there are
            no classes.
        count (int): How many, at least 1; more than n means all.

    Returns:
        list[int]: min(count, n) positions.

    Raises:
        ValueError: ``count`` is too small.
    """
    check_whole('count', count)
    seen = Counter()
    turns = []  # the first position of each class, then the second of each, and so on
    for position, label in enumerate(labels):
        turns.append((seen[label], label, position))
        seen[label] += 1
    count = min(count, len(turns))
    first = sorted(turns)[: max(count, len(seen))]
    return sorted(first[i * len(first) // count][-1] for i in range(count))
