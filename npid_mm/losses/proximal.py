"""Proximal term of the paper (Wu et al., arXiv 1805.01978, Eq. 9 and 10)."""

from torch import Tensor

from .arithmetic import compute_dtype, mean_with_known_gradient, plain_arithmetic
from .checks import check_inputs


def proximal_loss(feature: Tensor, bank: Tensor, index: Tensor) -> Tensor:
    """Mean over B of ||f_i - v_i||^2, the squared distance to its row before the update.

    The weight lambda of Eq. 9 and 10 is left to the caller.

    Args:
        feature (Tensor): (B, D), alone receives a gradient.
        bank (Tensor): (N, D), any floating type.
        index (Tensor): (B,), the row of each sample.

    Returns:
        Tensor: Scalar, float32, or float64 for a float64 feature.

    Raises:
        ValueError: If shapes or types are incompatible.
        IndexError: If ``index`` is outside [0, N) and on the CPU.

    Example:
        >>> bank = torch.eye(2)
        >>> proximal_loss(bank[:1], bank, torch.tensor([1]))
        tensor(2.)
    """
    check_inputs(feature, bank, index=index)
    with plain_arithmetic(feature):
        dtype = compute_dtype(feature)
        difference = feature.to(dtype) - bank[index].to(dtype)
        value = difference.square().sum(dim=1)
    return mean_with_known_gradient(feature, value, 2 * difference)
