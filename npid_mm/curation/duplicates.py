"""Groups of near duplicates, and leaks between sets."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from npid_mm.utils.checks import check_number

from .all_neighbors import Neighbors

BLOCK = 8192  # pairs whose cosines are computed at once


class Pairs(NamedTuple):
    """P pairs of rows i < j, each once."""

    indices: Tensor
    """(P, 2), int64."""
    cosine: Tensor
    """(P,), float32, in descending order."""


def similar_pairs(neighbors: Neighbors, min_cosine: float) -> Pairs:
    """Return the pairs of rows and their neighbors whose cosine is at least ``min_cosine``.

    Args:
        neighbors (Neighbors): Of N rows. A row has at most K pairs of its own, so that P is at most
            N K; further copies of it are in the same group by way of its neighbors.
        min_cosine (float): From -1 to 1.

    Returns:
        Pairs: The most similar first.

    Raises:
        ValueError: If ``min_cosine`` is out of range.
    """
    check_number('min_cosine', min_cosine, '[-1, 1]')
    row, place = (neighbors.similarity >= min_cosine).nonzero(as_tuple=True)
    other = neighbors.indices[row, place]
    cosine = neighbors.similarity[row, place]
    pairs = torch.stack([torch.minimum(row, other), torch.maximum(row, other)], dim=1)
    # both rows of a pair may have found it
    pairs, group = pairs.unique(dim=0, return_inverse=True)
    largest = cosine.new_full((len(pairs),), -torch.inf)
    largest.scatter_reduce_(0, group, cosine, 'amax')
    order = largest.sort(descending=True, stable=True).indices
    return Pairs(pairs[order], largest[order])


def join_pairs(rows: Tensor, *pairs: Tensor) -> Pairs:
    """Join lists of pairs i < j of rows, each pair once, with the cosine of its rows.

    Args:
        rows (Tensor): (N, D), unit rows.
        *pairs (Tensor): (P, 2), such as ``indices`` of :class:`Pairs`.

    Returns:
        Pairs: The most similar first.
    """
    indices = torch.cat(pairs).unique(dim=0)
    parts = [rows[part].float().prod(dim=1).sum(dim=1) for part in indices.split(BLOCK)]
    cosine, order = torch.cat(parts or [rows.new_zeros(0)]).sort(descending=True, stable=True)
    return Pairs(indices[order], cosine)


def confirm_pairs(
    pairs: Pairs,
    pixels: Callable[[int, int], float] | None = None,
    min_pixels: float = 0.985,
    own: Tensor | None = None,
    max_own: float = 0.6,
) -> tuple[Tensor, Tensor]:
    """Tell copies from images that only look alike.

    A pair is confirmed if its pixels agree, and if the training did not tell its images apart:
    the probabilities P(i|f) of the own rows of two copies have a mean of at most 1/2, as each row
    fits both images.

    Args:
        pairs (Pairs): P candidates.
        pixels (Callable, optional): Returns the similarity of the pixels of two rows, such as
            :func:`~npid_mm.curation.pixel_similarity`; NaN if an image is unreadable, which
            confirms no pair.
        min_pixels (float): Least similarity of the pixels, from 0 to 1.
        own (Tensor, optional): (N,), P(i|f) of each row; NaN where it is not known.
        max_own (float): Largest mean P(i|f) of two copies, from 0 to 1.

    Returns:
        tuple[Tensor, Tensor]: Whether each pair is confirmed (P,), and the similarity of its pixels
        (P,), NaN without ``pixels``.

    Raises:
        ValueError: If a limit is out of range.
    """
    check_number('min_pixels', min_pixels, '[0, 1]')
    check_number('max_own', max_own, '[0, 1]')
    confirmed = torch.ones(len(pairs.indices), dtype=torch.bool)
    similarity = torch.full((len(pairs.indices),), torch.nan)
    if own is not None:
        confirmed &= ~(own[pairs.indices].mean(dim=1) > max_own)  # NaN refutes nothing
    if pixels is not None:
        values = [pixels(*pair) for pair in pairs.indices.tolist()]
        similarity = torch.tensor(values, dtype=torch.float64)
        confirmed &= similarity >= min_pixels
    return confirmed, similarity


def duplicate_groups(pairs: Tensor, length: int) -> list[list[int]]:
    """Join pairs that share a row.

    Args:
        pairs (Tensor): (P, 2), rows.
        length (int): N.

    Returns:
        list[list[int]]: The groups of at least two rows, the largest first, each in the order of
        the rows.

    Example:
        >>> duplicate_groups(torch.tensor([[0, 3], [3, 5], [1, 2]]), 6)
        [[0, 3, 5], [1, 2]]
    """
    if not len(pairs):
        return []
    first, second = pairs.numpy().T
    graph = coo_matrix((np.ones(len(pairs), bool), (first, second)), shape=(length, length))
    label = connected_components(graph, directed=False)[1]
    rows = np.flatnonzero(np.bincount(label)[label] > 1)
    rows = rows[np.argsort(label[rows], kind='stable')]
    starts = np.flatnonzero(np.diff(label[rows])) + 1
    groups = [part.tolist() for part in np.split(rows, starts)]
    return sorted(groups, key=lambda group: (-len(group), group[0]))


def leaking_groups(groups: Sequence[Sequence[int]], sets: Sequence[str]) -> list[list[int]]:
    """Return the groups with rows of more than one set.

    Args:
        groups (Sequence[Sequence[int]]): Groups of :func:`duplicate_groups`.
        sets (Sequence[str]): Set of each of the N rows, such as 'train' and 'val'.

    Example:
        >>> leaking_groups([[0, 3], [1, 2]], ['train', 'train', 'val', 'train'])
        [[1, 2]]
    """
    return [list(group) for group in groups if len({sets[row] for row in group}) > 1]
