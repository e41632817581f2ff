"""Linear SVMs with a squared hinge loss, solved exactly and many at a time.

With an intercept that is regularized like the weights, as in liblinear, the SVM of a column with
cost c_i for row i minimizes

    |w|^2 / 2 + sum_i c_i max(0, 1 - y_i w.x_i)^2,    x_i with a 1 appended,

which is smooth, piecewise quadratic and strongly convex. The optimum is a combination w = sum_i a_i
x_i of rows, so the Gram matrix replaces the features, and a Newton step for all SVMs is a few
matrix products. The norm of the gradient bounds the distance to the optimum, so solutions are
within ``tolerance`` of it.
"""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

FEW = 0.2  # share of active rows up to which a linear system is factorized rather than iterated
REDUCTION = 0.05  # factor by which one Newton step's conjugate gradients reduce the gradient
INNER_STEPS = 50  # conjugate gradient steps, before the system is factorized instead
NEWTON_STEPS = 60
# A higher cost is approached in stages. From zero, the many rows that change sides at once make
# Newton's steps vanish.
LARGEST_JUMP = 4.0


def linear_gram(features: Tensor) -> Tensor:
    """Inner products (N, N) of the rows of ``features`` (N, D), each with a 1 appended.

    Example:
        >>> linear_gram(torch.eye(2))
        tensor([[2., 1.],
                [1., 2.]])
    """
    return (features @ features.T).add_(1)


@torch.no_grad()
def squared_hinge_path(
    gram: Tensor,
    signs: Tensor,
    weights: Tensor,
    costs: Iterable[float],
    tolerance: float = 1e-6,
) -> Iterator[tuple[float, Tensor, Tensor]]:
    """Fit P SVMs at every cost, each from the solution at a lower one.

    Args:
        gram (Tensor): (N, N), float64, from :func:`linear_gram`.
        signs (Tensor): (N, P), 1 for positives and -1 for negatives, float64.
        weights (Tensor): (N, P), weight of each row's loss, 0 to leave a row out, float64.
        costs (Iterable[float]): Above 0; a row's loss has the factor cost x weight.
        tolerance (float): Largest distance of w from the optimum, as a share of its length.
            Defaults to 1e-6.

    Yields:
        tuple[float, Tensor, Tensor]: A cost, in ascending order, its coefficients a (N, P) and its
        scores of all rows (N, P), including those left out.

    Raises:
        RuntimeError: If rounding keeps an SVM from reaching ``tolerance``.

    Example:
        >>> gram, ones = linear_gram(torch.eye(2).double()), torch.ones(2, 1).double()
        >>> signs = torch.tensor([[1.0], [-1.0]]).double()
        >>> [cost for cost, _, _ in squared_hinge_path(gram, signs, ones, [1.0, 0.1])]
        [0.1, 1.0]
    """
    coef, score = torch.zeros_like(weights), torch.zeros_like(weights)
    # at this cost all rows are within the margin, where one step is exact
    last = 1 / float(gram.diagonal().max() * weights.sum(0).max())
    for cost in sorted(costs):
        while cost > LARGEST_JUMP * last:
            last *= LARGEST_JUMP
            coef, score = _minimize(gram, signs, 2 * last * weights, coef, score, 0.1)
        coef, score = _minimize(gram, signs, 2 * cost * weights, coef, score, tolerance)
        last = cost
        yield cost, coef.clone(), score.clone()


def _minimize(
    gram: Tensor, signs: Tensor, curvature: Tensor, coef: Tensor, score: Tensor, tolerance: float
) -> tuple[Tensor, Tensor]:
    """Run Newton's method from ``coef``; ``curvature`` (N, P) is twice the cost of each row."""
    coef, score = coef.clone(), score.clone()
    left = torch.arange(coef.shape[1], device=coef.device)
    for _ in range(NEWTON_STEPS):
        y, c, a, m = (each[:, left] for each in (signs, curvature, coef, score))
        hessian = c * (y * m < 1)
        # the gradient is the combination -residual of rows
        residual = hessian * (y - m) - a
        ascent = gram @ residual
        length = (residual * ascent).sum(0).clamp_min(0).sqrt()
        going = length > tolerance * (a * m).sum(0).clamp_min(0).sqrt()
        if not going.any():
            return coef, score
        left = left[going]
        y, c, a, m, hessian, residual, ascent = (
            each[:, going] for each in (y, c, a, m, hessian, residual, ascent)
        )
        step = _newton_step(gram, hessian, residual, ascent)
        change = gram @ step
        size = _line_search(y, c, a, m, step, change)
        coef[:, left] = a + size * step
        score[:, left] = m + size * change
    raise RuntimeError(
        f'{len(left)} SVMs are not within tolerance {tolerance:g} of the optimum after '
        f'{NEWTON_STEPS} steps: raise the tolerance or check the features'
    )


def _newton_step(gram: Tensor, hessian: Tensor, residual: Tensor, ascent: Tensor) -> Tensor:
    """Solve (1 + hessian gram) step = residual for every column."""
    few = (hessian > 0).sum(0) <= FEW * len(gram)
    step, missed = torch.zeros_like(residual), few.clone()
    many = (~few).nonzero().flatten()
    if len(many):
        step[:, many], done = _conjugate_gradients(
            gram, hessian[:, many], residual[:, many], ascent[:, many]
        )
        missed[many[~done]] = True
    for column in missed.nonzero().flatten():
        rows = hessian[:, column].nonzero().flatten()
        root = hessian[rows, column].sqrt()
        system = gram[rows[:, None], rows].mul_(root).mul_(root[:, None])
        system.diagonal().add_(1)
        factor = torch.linalg.cholesky(system)
        solved = torch.cholesky_solve((root * ascent[rows, column])[:, None], factor)
        step[:, column] = residual[:, column]
        step[rows, column] -= root * solved[:, 0]
    return step


def _conjugate_gradients(
    gram: Tensor, hessian: Tensor, residual: Tensor, ascent: Tensor
) -> tuple[Tensor, Tensor]:
    """Solve the same system roughly, in the inner product of ``gram``.

    The products of ``gram`` with the residual and the direction are updated with them, so a step
    costs one product.

    Returns:
        tuple[Tensor, Tensor]: Steps (N, P), and the columns (P,) that have converged, bool.
    """
    step = torch.zeros_like(residual)
    direction, turn = residual, ascent
    square = (residual * ascent).sum(0)
    goal = REDUCTION**2 * square
    going = square > goal
    for _ in range(INNER_STEPS):
        image = direction + hessian * turn
        # 0 / 0 in a column that has converged exactly
        size = (square / (turn * image).sum(0)).where(going, 0)
        step = step + size * direction
        residual = residual - size * image
        ascent = ascent - size * (gram @ image)
        before, square = square, (residual * ascent).sum(0)
        going = going & (square > goal)
        if not going.any():
            break
        ratio = (square / before).where(going, 0)
        direction, turn = residual + ratio * direction, ascent + ratio * turn
    return step, ~going


def _line_search(
    y: Tensor, c: Tensor, a: Tensor, m: Tensor, step: Tensor, change: Tensor
) -> Tensor:
    """Share in (0, 1] of the step that nearly minimizes each column's objective."""
    slope, bend = (a * change).sum(0), (step * change).sum(0)
    low, high = torch.zeros_like(slope), torch.ones_like(slope)
    size = high
    for _ in range(30):
        score = m + size * change
        pull = c * (y * score < 1) * change
        rise = slope + size * bend - (pull * (y - score)).sum(0)
        low, high = torch.where(rise < 0, size, low), torch.where(rise < 0, high, size)
        new = size - rise / (bend + (pull * change).sum(0))
        new = torch.where((new >= low) & (new <= high), new, (low + high) / 2)
        if ((new - size).abs() <= 1e-3 * size).all():
            break
        size = new
    return size
