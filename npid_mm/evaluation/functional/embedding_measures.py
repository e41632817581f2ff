"""Measures of unit rows that need no labels: RankMe, uniformity and alignment."""

import torch
from torch import Tensor

from npid_mm.utils.checks import check_finite_rows

BLOCK = 1024  # rows compared with all others at once


@torch.no_grad()
def rank_me(rows: Tensor) -> float:
    """RankMe, the effective number of dimensions (Garrido et al., arXiv 2210.02885).

    The exponential of the entropy of the singular values, each divided by their sum. It is 1 if all
    rows are multiples of one vector, and min(N, D) if all singular values are equal.

    Args:
        rows (Tensor): (N, D), floating point.

    Returns:
        float: From 1 to min(N, D).

    Raises:
        ValueError: If the rows are not 2-D floating point, empty, not finite or all zeros.

    Example:
        >>> round(rank_me(torch.eye(4)), 6)
        4.0
    """
    _check_rows('rows', rows, least=1)
    gram = rows.new_zeros(rows.shape[1], rows.shape[1], dtype=torch.float64)
    for block in rows.split(BLOCK):
        gram.addmm_(block.double().t(), block.double())
    # a Gram matrix has no negative eigenvalues, but their rounding may be
    singular = torch.linalg.eigvalsh(gram).clamp(min=0).sqrt()
    if not singular.any():
        raise ValueError('rows must not all be zeros')
    return float(torch.special.entr(singular / singular.sum()).sum().exp())


@torch.no_grad()
def uniformity(rows: Tensor, t: float = 2.0) -> float:
    """Logarithm of the mean of exp(-t d^2) over all pairs (Wang and Isola, arXiv 2005.10242).

    0 if all rows are equal, and lower the more evenly they cover the sphere; about -2 t for random
    rows of many dimensions.

    Args:
        rows (Tensor): (N, D), unit rows, N at least 2.
        t (float): Weight of the squared distance d^2. Defaults to 2.

    Returns:
        float: From -4 t to 0.

    Raises:
        ValueError: If the rows are not 2-D floating point, fewer than 2 or not finite.

    Example:
        >>> round(uniformity(torch.tensor([[1.0, 0.0], [-1.0, 0.0]])), 3)
        -8.0
    """
    _check_rows('rows', rows, least=2)
    rows = rows.to(torch.promote_types(rows.dtype, torch.float32))
    total = 0.0
    for block in rows.split(BLOCK):
        cosine = (block @ rows.t()).clamp(-1, 1)
        total += float((2 * t * (cosine - 1)).exp().sum(dtype=torch.float64))
    count = len(rows)
    # the rows themselves, at distance 0, are among the pairs
    mean = (total - count) / (count * (count - 1))
    return min(float(torch.tensor(mean, dtype=torch.float64).log()), 0.0)


@torch.no_grad()
def alignment(first: Tensor, second: Tensor) -> float:
    """Mean squared distance of two views of the same images (Wang and Isola, arXiv 2005.10242).

    Args:
        first (Tensor): (N, D), unit rows of one view of each image.
        second (Tensor): (N, D), unit rows of another view of the same images.

    Returns:
        float: From 0, for equal rows, to 4.

    Raises:
        ValueError: If the rows are not 2-D floating point, empty, not finite or of two shapes.

    Example:
        >>> alignment(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]))
        2.0
    """
    _check_rows('first', first, least=1)
    _check_rows('second', second, least=1)
    if first.shape != second.shape:
        raise ValueError(
            f'first and second must have one shape (N, D), got {tuple(first.shape)} and '
            f'{tuple(second.shape)}'
        )
    return float((first.double() - second.double()).square().sum(dim=1).mean())


def _check_rows(name: str, rows: Tensor, least: int) -> None:
    if rows.dim() != 2 or not rows.is_floating_point() or len(rows) < least:
        raise ValueError(
            f'{name} must be a 2-D floating point tensor of at least {least} rows, got '
            f'{tuple(rows.shape)} of {rows.dtype}'
        )
    check_finite_rows(name, rows)
