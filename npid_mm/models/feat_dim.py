"""One knob for D, the dimension of an embedding: the neck's."""

from inspect import signature

from mmpretrain.registry import MODELS


def with_feat_dim(name: str, part: dict, neck: dict) -> dict:
    """Config of ``head`` or ``memory_bank``, whose feat_dim (if it has one) is the neck's.

    Raises:
        ValueError: ``part`` names another ``feat_dim`` than the neck's ``out_channels``.
    """
    if not (isinstance(part, dict) and isinstance(neck, dict) and 'out_channels' in neck):
        return part
    kind, dim = part.get('type'), neck['out_channels']
    kind = MODELS.get(kind) if isinstance(kind, str) else kind
    if kind is None or 'feat_dim' not in signature(kind).parameters:
        return part  # of another kind, or unknown, which the registry names when it builds
    if part.get('feat_dim', dim) != dim:
        raise ValueError(
            f'{name}.feat_dim is {part["feat_dim"]}, but neck.out_channels is {dim}: leave '
            f'{name}.feat_dim out, then it follows the neck'
        )
    return {**part, 'feat_dim': dim}
