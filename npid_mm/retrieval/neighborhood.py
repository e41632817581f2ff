"""The neighborhood of some queries in an index: the images that a neighbor page shows."""

from collections.abc import Callable, Iterator
from itertools import islice, zip_longest
from typing import Protocol

import numpy as np

from .exact_search import nearest_rows


class Rows(Protocol):
    """Rows of an index, see :class:`~npid_mm.retrieval.FeatureIndex`."""

    def __len__(self) -> int: ...

    def float32_rows(self, selection: list[int]) -> np.ndarray:
        """Return some rows."""


def neighborhood(
    found: list[list[int]],
    index: Rows,
    search: Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]],
    k: int,
    size: int,
) -> tuple[list[int], list[list[tuple[int, float]]]]:
    """Collect the neighbors of the queries, their neighbors and so on, and link them.

    Args:
        found (list[list[int]]): Index rows that each query found, the most similar first. All are
            members.
        index (Rows): The index.
        search (Callable): Returns similarity and index, each (Q, K), for queries (Q, D) and K.
        k (int): Number of neighbors that are followed, and that each member is linked to.
        size (int): Number of members to stop at. Rows in fewer steps come first, then nearer ones.

    Returns:
        tuple[list[int], list[list[tuple[int, float]]]]: Index rows of the P members, and for each
        member its up to ``k`` nearest other members: position among the P, and similarity.
    """
    members = dict.fromkeys(_by_rank(found))
    new = list(members)
    while new and len(members) < size:
        nearest = search(index.float32_rows(new), min(k + 1, len(index)))[1]
        # an approximate search returns -1 where it finds too few
        others = (row for row in _by_rank(nearest.tolist()) if row >= 0 and row not in members)
        new = list(islice(dict.fromkeys(others), size - len(members)))
        members.update(dict.fromkeys(new))
    if not members:
        return [], []
    features = index.float32_rows(list(members))
    similarity, position = nearest_rows(features, features, k + 1)
    links = [
        [(other, value) for other, value in zip(*each, strict=True) if other != own][:k]
        for own, each in enumerate(zip(position.tolist(), similarity.tolist(), strict=True))
    ]
    return list(members), links


def _by_rank(found: list[list[int]]) -> Iterator[int]:
    """Yield the first row of each list, then the second of each, and so on."""
    for rank in zip_longest(*found):
        yield from (row for row in rank if row is not None)
