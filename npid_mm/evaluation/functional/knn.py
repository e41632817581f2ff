"""The paper's weighted k-nearest-neighbour classifier (section 3.4)."""

from collections.abc import Sequence

import torch

from npid_mm.utils.checks import check_temperature, check_whole

from .neighbors import nearest_neighbors

QUERIES_AT_ONCE = 1024  # of leave_one_out_knn, whose scores would fill N x C otherwise


def weighted_knn(query, bank, labels, k, temperature=0.07, num_classes=None):
    """Score every class by its share of the nearest neighbours.

    ``w_c = sum over the k neighbours i of class c of exp(s_i / temperature)``, with ``s_i`` the
    cosine similarity (Wu et al., CVPR 2018, section 3.4).

    Args:
        query (Tensor): (Q, D), unit rows.
        bank (Tensor): (N, D), unit rows; float32, float64, bfloat16 or float16.
        labels (Tensor): (N,), the class of each bank row, integers.
        k (int | Sequence[int]): Number of neighbours; several are answered by one search.
        temperature (float): Above 0. Defaults to 0.07.
        num_classes (int, optional): C. Defaults to the largest label + 1.

    Returns:
        Tensor | dict[int, Tensor]: Scores (Q, C); for several ``k`` a dict from k to scores.

    Raises:
        ValueError: If the labels do not fit the bank or the classes, ``temperature`` is not above 0
            or so low that the scores overflow, or :func:`nearest_neighbors` refuses its input.
    """
    if labels.dim() != 1 or len(labels) != len(bank):
        raise ValueError(
            'labels must hold one class for each bank row, got labels of shape '
            f'{tuple(labels.shape)} for {len(bank)} bank rows'
        )
    if len(bank) == 0:
        raise ValueError('bank must have at least one row, got none')
    several = isinstance(k, Sequence)
    if several and not k:
        raise ValueError('k must name at least one number of neighbours, got an empty sequence')
    counts = list(k) if several else [k]
    for count in counts:
        check_whole('k', count)
    if num_classes is None:
        num_classes = int(labels.max()) + 1
    _check_labels(labels, num_classes)
    check_temperature(temperature, terms=max(counts))

    similarity, index = nearest_neighbors(query, bank, max(counts))
    neighbor_labels = labels.to(index.device)[index]
    scores = {
        count: weighted_vote(similarity, neighbor_labels, count, temperature, num_classes)
        for count in counts
    }
    return scores if several else scores[k]


def weighted_vote(similarity, neighbor_labels, k, temperature, num_classes):
    """Let the ``k`` most similar neighbours vote, each with ``exp(s / temperature)``.

    Args:
        similarity (Tensor): (Q, K), sorted from the most similar on.
        neighbor_labels (Tensor): (Q, K), integers in [0, num_classes).
        k (int): Neighbours that vote; more than K means all K.
        temperature (float): Above 0.
        num_classes (int): C.

    Returns:
        Tensor: Scores (Q, C) in the dtype of ``similarity``.

    Raises:
        ValueError: If ``k``, ``temperature`` or a label is out of range, the shapes differ, or the
            scores overflow.
    """
    check_whole('k', k)
    if similarity.shape != neighbor_labels.shape:
        raise ValueError(
            'similarity and neighbor_labels must have one shape (Q, K), got '
            f'{tuple(similarity.shape)} and {tuple(neighbor_labels.shape)}'
        )
    similarity, neighbor_labels = similarity[:, :k], neighbor_labels[:, :k]
    _check_labels(neighbor_labels, num_classes)
    peak = float(similarity.max()) if similarity.numel() else 1.0
    check_temperature(temperature, terms=k, peak=peak, dtype=similarity.dtype)
    scores = similarity.new_zeros((len(similarity), num_classes))
    return scores.scatter_add_(1, neighbor_labels.long(), (similarity / temperature).exp())


def leave_one_out_knn(bank, labels, k, temperature=0.07, queries=None):
    """Accuracy with which bank rows are classified by their neighbours, themselves excluded.

    A row is excluded by its index, so that its exact copies elsewhere in the bank still vote.

    Args:
        bank (Tensor): (N, D), unit rows, N at least 2.
        labels (Tensor): (N,), the class of each bank row, integers.
        k (int): Neighbours of each row; more than N - 1 means all N - 1.
        temperature (float): Above 0. Defaults to 0.07.
        queries (Tensor, optional): (Q,), the bank rows that ask, integers. Defaults to all.

    Returns:
        float: Share of right answers, from 0 to 1.

    Raises:
        ValueError: If the bank has fewer than 2 rows, ``queries`` is empty or out of range, or an
            argument is refused by :func:`weighted_knn`'s rules.
    """
    if len(bank) < 2:
        raise ValueError(f'bank must have at least 2 rows, got {len(bank)}')
    if labels.dim() != 1 or len(labels) != len(bank):
        raise ValueError(
            'labels must hold one class for each bank row, got labels of shape '
            f'{tuple(labels.shape)} for {len(bank)} bank rows'
        )
    check_whole('k', k)
    labels = labels.to(bank.device)
    if queries is None:
        queries = torch.arange(len(bank))
    queries = queries.to(bank.device)
    if len(queries) == 0 or queries.min() < 0 or queries.max() >= len(bank):
        raise ValueError(
            f'queries must be indices in [0, {len(bank)}) and at least one, got '
            f'{queries.tolist()[:10]}'
        )
    _check_labels(labels, int(labels.max()) + 1)

    right = 0
    for own in queries.split(QUERIES_AT_ONCE):
        similarity, index = nearest_neighbors(bank[own], bank, k + 1)
        right += leave_one_out_hits(similarity, index, own, labels, k, temperature)
    return right / len(queries)


def leave_one_out_hits(similarity, index, own, labels, k, temperature):
    """Count the rows that their neighbours, themselves excluded, classify rightly.

    Args:
        similarity (Tensor): (Q, K + 1), sorted from the most similar on.
        index (Tensor): (Q, K + 1), the rows that these neighbours are, itself among them.
        own (Tensor): (Q,), the row that asks.
        labels (Tensor): (N,), the class of each row, integers.
        k (int): K.
        temperature (float): Above 0.

    Returns:
        int: Right answers, from 0 to Q.
    """
    similarity, index = exclude_self(similarity, index, own)
    scores = weighted_vote(similarity, labels[index], k, temperature, int(labels.max()) + 1)
    return int((scores.argmax(dim=1) == labels[own]).sum())


def exclude_self(similarity, index, own):
    """Leave each row that asks out of its own neighbors.

    Args:
        similarity (Tensor): (Q, K + 1), sorted from the most similar on.
        index (Tensor): (Q, K + 1), the rows that these neighbors are.
        own (Tensor): (Q,), the row that asks.

    Returns:
        tuple[Tensor, Tensor]: Similarity and index (Q, K).
    """
    drop = index == own[:, None]
    # a row that is not among its own neighbors gives up the last one instead
    drop[:, -1] |= ~drop.any(dim=1)
    return tuple(each[~drop].view(len(own), -1) for each in (similarity, index))


def _check_labels(labels, num_classes):
    if labels.is_floating_point() or labels.dtype == torch.bool:
        raise ValueError(f'labels must be integers, got {labels.dtype}')
    if labels.numel() and (labels.min() < 0 or labels.max() >= num_classes):
        raise ValueError(
            f'labels must be in [0, num_classes) = [0, {num_classes}), got values '
            f'from {int(labels.min())} to {int(labels.max())}'
        )
