"""The paper's retrieval figure: best, worst and random queries with their nearest neighbours."""

import numpy as np

from .contact_sheet import neighbor_sheet
from .sampling import drawn_positions


def retrieval_figure(
    query_image,
    reference_image,
    similarity,
    index,
    query_labels=None,
    reference_labels=None,
    class_names=None,
    rows=4,
    seed=0,
    name='',
    out='retrieval.png',
    reader=None,
):
    """Draw the best, the worst and random queries, each with its nearest reference images.

    The order is that of :func:`rank_queries`; random queries are drawn from all. Without labels
    nothing is better or worse, and the figure has random queries only (Wu et al., CVPR 2018,
    shows successes and failures in this way).

    Args:
        query_image (Callable[[int], str | ndarray]): Image of a query, see :func:`neighbor_sheet`.
        reference_image (Callable[[int], str | ndarray]): Image of a reference, likewise.
        similarity (Tensor | ndarray): (Q, K), from the most similar on.
        index (Tensor | ndarray): (Q, K), which of the N references the neighbours are.
        query_labels (Tensor | ndarray, optional): (Q,), classes.
        reference_labels (Tensor | ndarray, optional): (N,), classes.
        class_names (Sequence[str], optional): Names to print in place of class numbers.
        rows (int): Queries of each kind, at least 1.
        seed (int): Draws the random queries.
        name (str): What the title calls the run.
        out (str | PathLike): Image file to write.
        reader (ImageReader, optional): Reads the files, see :func:`neighbor_sheet`.

    Returns:
        str | PathLike: ``out``.

    Raises:
        ValueError: Only one side has labels, there are fewer than 2 x ``rows`` queries (without
            labels: than ``rows``), or a number is too small.
    """
    similarity, index = np.asarray(similarity), np.asarray(index)
    if (query_labels is None) != (reference_labels is None):
        raise ValueError('query_labels and reference_labels must be given both or not at all')
    labelled = query_labels is not None
    needed = rows * (2 if labelled else 1)
    if not 1 <= needed <= len(index):
        raise ValueError(
            f'rows must be in 1..{len(index) // (2 if labelled else 1)} for {len(index)} queries, '
            f'got {rows}'
        )
    random = drawn_positions(len(index), rows, seed)
    what = f'{len(index)} queries and their {index.shape[1]} nearest neighbours'
    if not labelled:
        sections = {'Random queries. Without labels there is no best and no worst': random}
        neighbor_labels = None
    else:
        query_labels = np.asarray(query_labels)
        neighbor_labels = np.asarray(reference_labels)[index]
        right = neighbor_labels == query_labels[:, None]
        order = rank_queries(similarity, right)
        what += f', {100 * right.mean():.1f} % of them right'
        sections = {
            'Best queries: the most neighbours of their class': order[:rows],
            'Worst queries: the fewest neighbours of their class': order[::-1][:rows],
            'Random queries': random,
        }
    chosen = np.concatenate(list(sections.values()))
    return neighbor_sheet(
        [query_image(position) for position in chosen.tolist()],
        [[reference_image(position) for position in row] for row in index[chosen].tolist()],
        similarity[chosen],
        query_labels[chosen] if labelled else None,
        neighbor_labels[chosen] if labelled else None,
        class_names,
        out,
        title=': '.join(filter(None, (name, what))),
        sections={heading: len(queries) for heading, queries in sections.items()},
        reader=reader,
    )


def rank_queries(similarity, right):
    """Order queries from the best answered to the worst.

    More neighbours of the query's class are better; with as many, those that come earlier. Of
    queries that are equal in this, one whose right neighbours are more similar is better, and one
    whose wrong neighbours are more similar is worse.

    Args:
        similarity (ndarray): (Q, K), from the most similar on.
        right (ndarray): (Q, K), bool: whether a neighbour has the query's class.

    Returns:
        ndarray: (Q,), the queries, the best first.

    Raises:
        ValueError: The shapes differ.
    """
    if similarity.shape != right.shape:
        raise ValueError(
            'similarity and right must have one shape (Q, K), got '
            f'{similarity.shape} and {right.shape}'
        )
    margin = np.where(right, similarity, -similarity).sum(axis=1)
    # the last key counts first
    return np.lexsort((-margin, *~right.T[::-1], -right.sum(axis=1)))
