"""Retrieval figure of the paper: best, worst and random queries with their nearest neighbors."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from npid_mm.images import ImageReader

from .neighbor_sheet import neighbor_sheet
from .sampling import sample_positions
from .style import ImageSource


def retrieval_figure(
    query_image: Callable[[int], ImageSource],
    reference_image: Callable[[int], ImageSource],
    similarity: ArrayLike,
    index: ArrayLike,
    query_labels: ArrayLike | None = None,
    reference_labels: ArrayLike | None = None,
    class_names: Sequence[str] | None = None,
    rows: int = 4,
    seed: int = 0,
    name: str = '',
    out: str | Path = 'retrieval.png',
    reader: ImageReader | None = None,
) -> str | Path:
    """Draw the best, the worst and random queries, each with its nearest reference images.

    :func:`rank_queries` orders the queries; random ones are sampled from all. Without labels the
    figure has random queries only. Wu et al. (CVPR 2018) show successes and failures in this way.

    Args:
        query_image (Callable[[int], str | ndarray]): Image of a query, see :func:`neighbor_sheet`.
        reference_image (Callable[[int], str | ndarray]): Image of a reference.
        similarity (Tensor | ndarray): (Q, K), in descending order.
        index (Tensor | ndarray): (Q, K), positions of the neighbors among the N references.
        query_labels (Tensor | ndarray, optional): (Q,), classes.
        reference_labels (Tensor | ndarray, optional): (N,), classes.
        class_names (Sequence[str], optional): Names to show instead of class numbers.
        rows (int): Queries of each kind, at least 1.
        seed (int): Seed of the random queries.
        name (str): Name of the run for the title.
        out (str | Path): Image file to write.
        reader (ImageReader, optional): Reads the files, see :func:`neighbor_sheet`.

    Returns:
        str | Path: ``out``.

    Raises:
        ValueError: If only one side has labels, there are fewer than 2 x ``rows`` queries (without
            labels: than ``rows``), or a number is too small.

    Example:
        >>> images = np.zeros((4, 8, 8, 3), np.uint8)
        >>> similarity, index = np.full((4, 1), 0.9), np.arange(4)[:, None]
        >>> retrieval_figure(images.__getitem__, images.__getitem__, similarity, index, rows=2)
        'retrieval.png'
    """
    similarity, index = np.asarray(similarity), np.asarray(index)
    if (query_labels is None) != (reference_labels is None):
        raise ValueError('query_labels and reference_labels must be given both or not at all')
    labeled = query_labels is not None
    own_labels = neighbor_labels = None
    most = len(index) // (2 if labeled else 1)
    if not 1 <= rows <= most:
        raise ValueError(f'rows must be in 1..{most} for {len(index)} queries, got {rows}')
    random = sample_positions(len(index), rows, seed)
    title = f'{len(index)} queries and their {index.shape[1]} nearest neighbors'
    if labeled:
        own_labels = np.asarray(query_labels)
        neighbor_labels = np.asarray(reference_labels)[index]
        right = neighbor_labels == own_labels[:, None]
        order = rank_queries(similarity, right)
        title += f', {100 * right.mean():.1f} % of them right'
        sections = {
            'Best queries: the most neighbors of their class': order[:rows],
            'Worst queries: the fewest neighbors of their class': order[::-1][:rows],
            'Random queries': random,
        }
    else:
        sections = {'Random queries (the best and the worst need labels)': random}
    chosen = np.concatenate(list(sections.values()))
    return neighbor_sheet(
        [query_image(position) for position in chosen.tolist()],
        [[reference_image(position) for position in row] for row in index[chosen].tolist()],
        similarity[chosen],
        None if own_labels is None else own_labels[chosen],
        None if neighbor_labels is None else neighbor_labels[chosen],
        class_names,
        out,
        title=': '.join(filter(None, (name, title))),
        sections={heading: len(queries) for heading, queries in sections.items()},
        reader=reader,
    )


def rank_queries(similarity: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Order queries from the best answered to the worst.

    Queries with more neighbors of their class are better. Ties are broken by the ranks of the right
    neighbors, the earlier the better, then by similarity: that of right neighbors should be high,
    that of wrong ones low.

    Args:
        similarity (ndarray): (Q, K), in descending order.
        right (ndarray): (Q, K), bool, true for neighbors of the query's class.

    Returns:
        ndarray: (Q,), queries, the best first.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> rank_queries(np.array([[0.9], [0.8]]), np.array([[False], [True]])).tolist()
        [1, 0]
    """
    if similarity.shape != right.shape:
        raise ValueError(
            'similarity and right must have one shape (Q, K), got '
            f'{similarity.shape} and {right.shape}'
        )
    margin = np.where(right, similarity, -similarity).sum(axis=1)
    # lexsort: the last key is the primary one
    return np.lexsort((-margin, *~right.T[::-1], -right.sum(axis=1)))
