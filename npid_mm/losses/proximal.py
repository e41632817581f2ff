"""Proximal term of the paper (Wu et al., arXiv 1805.01978, Eq. 9 and 10)."""

from torch import Tensor

from .arithmetic import compute_dtype, mean_with_known_gradient, plain_arithmetic
from .checks import check_inputs


def proximal_loss(feature: Tensor, bank: Tensor, index: Tensor) -> Tensor:
    """Mean over B of ||f_i - v_i||^2, the squared distance to the row of the step before.

    The weight lambda of Eq. 9 and 10 is left to the caller.

    Args:
        feature (Tensor): (B, D); alone receives a gradient.
        bank (Tensor): (N, D), any floating type.
        index (Tensor): (B,), the row of each sample.

    Returns:
        Tensor: scalar, float32, or float64 for a float64 feature.

    Raises:
        ValueError: for shapes or types that do not go together.
        IndexError: for an index outside [0, N), when `index` is on the CPU.
    """
    check_inputs(feature, bank, index=index)
    return mean_with_known_gradient(feature, *_value_and_gradient(feature, bank[index]))


@plain_arithmetic
def _value_and_gradient(feature, positive):
    dtype = compute_dtype(feature)
    difference = feature.to(dtype) - positive.to(dtype)
    return difference.square().sum(dim=1), 2 * difference
