"""Linear support vector machines with a squared hinge loss, exact and many at a time.

With an intercept that is regularised like the weights, as liblinear has it, the machine of a
column with cost c_i for row i is the minimum of

    |w|^2 / 2 + sum_i c_i max(0, 1 - y_i w.x_i)^2,    x_i with a 1 appended,

which is smooth, piecewise quadratic and strongly convex. The optimum is a mix w = sum_i a_i x_i of
rows, so that the Gram matrix stands for the features and a step of Newton for all machines is a
few matrix products. The gradient's length bounds the distance from the optimum: what comes back is
within ``tolerance`` of it.
"""

import torch

FEW = 0.2  # share of the rows up to which a linear system is cheaper to factorise than to iterate
REDUCTION = 0.05  # of the gradient by one Newton step's conjugate gradients
INNER_STEPS = 50  # of conjugate gradients, before the system is factorised instead
NEWTON_STEPS = 60
# From one cost to the next. A higher one is approached in stages: straight from zero, the many rows
# that change sides leave Newton's method steps of no size.
LARGEST_JUMP = 4.0


def linear_gram(features):
    """Inner products of all rows with a 1 appended, (N, N), for features (N, D)."""
    return (features @ features.T).add_(1)


@torch.no_grad()
def squared_hinge_path(gram, signs, weights, costs, tolerance=1e-6):
    """Fit P machines at every cost, each from the solution at a lower one.

    Args:
        gram (Tensor): (N, N), float64, of :func:`linear_gram`.
        signs (Tensor): (N, P), 1 for positives and -1 for negatives, float64.
        weights (Tensor): (N, P), what a row's loss counts, 0 for rows that are left out, float64.
        costs (Iterable[float]): Above 0; a row's loss has the factor cost x weight.
        tolerance (float): Largest distance of w from the optimum, as a share of its length.
            Defaults to 1e-6.

    Yields:
        tuple[float, Tensor, Tensor]: A cost, from the smallest on, its coefficients a (N, P) and
        its scores of all rows (N, P), those left out included.

    Raises:
        RuntimeError: If rounding keeps a machine from ``tolerance``.
    """
    coef, score = torch.zeros_like(weights), torch.zeros_like(weights)
    # So low a cost leaves all rows within the margin, where one step is exact.
    last = 1 / float(gram.diagonal().max() * weights.sum(0).max())
    for cost in sorted(costs):
        while cost > LARGEST_JUMP * last:
            last *= LARGEST_JUMP
            coef, score = _minimise(gram, signs, 2 * last * weights, coef, score, 0.1)
        coef, score = _minimise(gram, signs, 2 * cost * weights, coef, score, tolerance)
        last = cost
        yield cost, coef.clone(), score.clone()


def _minimise(gram, signs, curvature, coef, score, tolerance):
    """Newton's method from ``coef`` on; ``curvature`` (N, P) is twice the cost of each row."""
    coef, score = coef.clone(), score.clone()
    left = torch.arange(coef.shape[1], device=coef.device)
    for _ in range(NEWTON_STEPS):
        y, c, a, m = (each[:, left] for each in (signs, curvature, coef, score))
        hessian = c * (y * m < 1)
        # The gradient is the mix -residual of rows.
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
        f'{len(left)} machines are not within tolerance {tolerance:g} of the optimum after '
        f'{NEWTON_STEPS} steps: raise the tolerance or check the features'
    )


def _newton_step(gram, hessian, residual, ascent):
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


def _conjugate_gradients(gram, hessian, residual, ascent):
    """Solve the same system roughly, in the inner product of ``gram``, and say which columns are.

    ``gram`` times the residual and times the direction are carried along: a step costs one product.
    """
    step = torch.zeros_like(residual)
    direction, turn = residual, ascent
    square = (residual * ascent).sum(0)
    goal = REDUCTION**2 * square
    going = square > goal
    for _ in range(INNER_STEPS):
        image = direction + hessian * turn
        # a column that has converged exactly has 0 / 0 here
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


def _line_search(y, c, a, m, step, change):
    """The share in (0, 1] of the step that minimises each column's objective, closely."""
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
