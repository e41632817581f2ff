"""The part of an index around some queries, which a page can walk through on its own."""

from collections.abc import Callable, Iterable
from itertools import islice, zip_longest

from torch import Tensor

from npid_mm.evaluation import nearest_neighbors


def neighborhood(found: list[list[int]], rows: Tensor, search: Callable, k: int, size: int):
    """The neighbours of the queries, neighbours of these and so on, and how they lie together.

    Args:
        found (list[list[int]]): Index rows that each query found, the most similar first. All are
            part of the neighbourhood.
        rows (Tensor): (N, D), the index.
        search (Callable): Gives similarity and index, each (Q, K), for queries (Q, D) and K.
        k (int): Neighbours that are followed, and neighbours of each member, at least 1.
        size (int): Rows to stop at; those of fewer steps, then the nearer ones are taken first.

    Returns:
        tuple[list[int], list[list[tuple[int, float]]]]: Index rows of the P members, and of each
        member its up to ``k`` nearest other members: position among the P, and similarity.
    """
    members = dict.fromkeys(_by_rank(found))
    new = list(members)
    while new and len(members) < size:
        further = search(rows[new].float(), min(k + 1, len(rows)))[1]
        # an approximate search may find fewer, and says -1
        others = (row for row in _by_rank(further.tolist()) if row >= 0 and row not in members)
        new = list(islice(dict.fromkeys(others), size - len(members)))
        members.update(dict.fromkeys(new))
    members = list(members)
    if not members:
        return [], []
    features = rows[members]
    similarity, position = nearest_neighbors(features.float(), features, k + 1)
    links = [
        [(other, value) for other, value in zip(others, values, strict=True) if other != own][:k]
        for own, (others, values) in enumerate(
            zip(position.tolist(), similarity.tolist(), strict=True)
        )
    ]
    return members, links


def _by_rank(found: list[list[int]]) -> Iterable[int]:
    """What all found first, then what all found second, and so on."""
    for rank in zip_longest(*found):
        yield from (row for row in rank if row is not None)
