"""Weighted k-nearest-neighbor classifier (Wu et al., CVPR 2018, section 3.4)."""

from collections.abc import Sequence
from typing import overload

import torch
from torch import Tensor

from npid_mm.utils.checks import check_temperature, check_whole

from .leave_one_out import exclude_self
from .neighbors import nearest_neighbors

QUERIES_AT_ONCE = 1024  # in leave_one_out_knn, to bound the memory of the scores (Q, C)


@overload
def weighted_knn(
    query: Tensor,
    bank: Tensor,
    labels: Tensor,
    k: int,
    temperature: float = 0.07,
    num_classes: int | None = None,
) -> Tensor: ...


@overload
def weighted_knn(
    query: Tensor,
    bank: Tensor,
    labels: Tensor,
    k: Sequence[int],
    temperature: float = 0.07,
    num_classes: int | None = None,
) -> dict[int, Tensor]: ...


def weighted_knn(
    query: Tensor,
    bank: Tensor,
    labels: Tensor,
    k: int | Sequence[int],
    temperature: float = 0.07,
    num_classes: int | None = None,
) -> Tensor | dict[int, Tensor]:
    """Score every class by the weights of its rows among the nearest neighbors.

    ``w_c = sum over the k neighbors i of class c of exp(s_i / temperature)``, with ``s_i`` the
    cosine similarity.

    Args:
        query (Tensor): (Q, D), unit rows.
        bank (Tensor): (N, D), unit rows; float32, float64, bfloat16 or float16.
        labels (Tensor): (N,), the class of each bank row, integers.
        k (int | Sequence[int]): Number of neighbors; several are answered by one search.
        temperature (float): Above 0. Defaults to 0.07.
        num_classes (int, optional): C. Defaults to the largest label + 1.

    Returns:
        Tensor | dict[int, Tensor]: Scores (Q, C); for several ``k`` a dict from k to scores.

    Raises:
        ValueError: If the labels do not fit the bank or the classes, ``temperature`` is so low that
            the scores overflow, or :func:`nearest_neighbors` refuses its input.

    Example:
        >>> bank, labels = torch.eye(3), torch.tensor([0, 1, 1])
        >>> weighted_knn(bank[1:2], bank, labels, k=1).argmax(dim=1)
        tensor([1])
    """
    _check_bank_labels(labels, bank)
    if len(bank) == 0:
        raise ValueError('bank must have at least one row, got none')
    if isinstance(k, Sequence) and not k:
        raise ValueError('k must name at least one number of neighbors, got an empty sequence')
    counts = list(k) if isinstance(k, Sequence) else [k]
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
    return scores if isinstance(k, Sequence) else scores[k]


def weighted_vote(
    similarity: Tensor, neighbor_labels: Tensor, k: int, temperature: float, num_classes: int
) -> Tensor:
    """Sum the weights ``exp(s / temperature)`` of the ``k`` nearest neighbors by class.

    Args:
        similarity (Tensor): (Q, K), in descending order.
        neighbor_labels (Tensor): (Q, K), integers in [0, num_classes).
        k (int): Neighbors that vote; all K if it is larger.
        temperature (float): Above 0.
        num_classes (int): C.

    Returns:
        Tensor: Scores (Q, C) in the dtype of ``similarity``.

    Raises:
        ValueError: If ``k``, ``temperature`` or a label is out of range, the shapes differ, or the
            scores overflow.

    Example:
        >>> weighted_vote(torch.ones(1, 3), torch.tensor([[0, 1, 1]]), 3, 1.0, num_classes=2)
        tensor([[2.7183, 5.4366]])
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


def leave_one_out_knn(
    bank: Tensor,
    labels: Tensor,
    k: int,
    temperature: float = 0.07,
    queries: Tensor | None = None,
) -> float:
    """Classify bank rows by their neighbors, excluding themselves, and return the accuracy.

    A row is excluded by its index: exact copies of it elsewhere in the bank still vote.

    Args:
        bank (Tensor): (N, D), unit rows, N at least 2.
        labels (Tensor): (N,), the class of each bank row, integers.
        k (int): Neighbors of each row; all N - 1 if it is larger.
        temperature (float): Above 0. Defaults to 0.07.
        queries (Tensor, optional): (Q,), indices of the bank rows to classify. Defaults to all.

    Returns:
        float: Share of correct answers, from 0 to 1.

    Raises:
        ValueError: If the bank has fewer than 2 rows, ``queries`` is empty or out of range, or
            :func:`weighted_knn` would refuse an argument.

    Example:
        >>> bank = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
        >>> leave_one_out_knn(bank, torch.tensor([0, 0, 1, 1]), k=1)
        1.0
    """
    if len(bank) < 2:
        raise ValueError(f'bank must have at least 2 rows, got {len(bank)}')
    _check_bank_labels(labels, bank)
    check_whole('k', k)
    labels = labels.to(bank.device)
    queries = (torch.arange(len(bank)) if queries is None else queries).to(bank.device)
    if len(queries) == 0 or queries.min() < 0 or queries.max() >= len(bank):
        raise ValueError(
            f'queries must be indices in [0, {len(bank)}) and at least one, got '
            f'{queries.tolist()[:10]}'
        )
    _check_labels(labels, int(labels.max()) + 1)

    hits = 0
    for chunk in queries.split(QUERIES_AT_ONCE):
        similarity, index = nearest_neighbors(bank[chunk], bank, k + 1)
        hits += leave_one_out_hits(similarity, index, chunk, labels, k, temperature)
    return hits / len(queries)


def leave_one_out_hits(
    similarity: Tensor, index: Tensor, rows: Tensor, labels: Tensor, k: int, temperature: float
) -> int:
    """Count the rows that their neighbors, excluding themselves, classify correctly.

    Args:
        similarity (Tensor): (Q, K + 1), in descending order.
        index (Tensor): (Q, K + 1), the rows that these neighbors are, the queries among them.
        rows (Tensor): (Q,), indices of the rows to classify.
        labels (Tensor): (N,), the class of each row, integers.
        k (int): K.
        temperature (float): Above 0.

    Returns:
        int: Correct answers, from 0 to Q.

    Example:
        >>> similarity, index = torch.tensor([[1.0, 0.9]]), torch.tensor([[0, 1]])
        >>> rows, labels = torch.tensor([0]), torch.tensor([5, 5])
        >>> leave_one_out_hits(similarity, index, rows, labels, k=1, temperature=0.1)
        1
    """
    similarity, index = exclude_self(similarity, index, rows)
    scores = weighted_vote(similarity, labels[index], k, temperature, int(labels.max()) + 1)
    return int((scores.argmax(dim=1) == labels[rows]).sum())


def _check_bank_labels(labels: Tensor, bank: Tensor) -> None:
    if labels.dim() != 1 or len(labels) != len(bank):
        raise ValueError(
            'labels must hold one class for each bank row, got labels of shape '
            f'{tuple(labels.shape)} for {len(bank)} bank rows'
        )


def _check_labels(labels: Tensor, num_classes: int) -> None:
    if labels.is_floating_point() or labels.dtype == torch.bool:
        raise ValueError(f'labels must be integers, got {labels.dtype}')
    if labels.numel() and (labels.min() < 0 or labels.max() >= num_classes):
        raise ValueError(
            f'labels must be in [0, num_classes) = [0, {num_classes}), got values '
            f'from {int(labels.min())} to {int(labels.max())}'
        )
