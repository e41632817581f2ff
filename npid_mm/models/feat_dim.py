"""Make the dimensions of backbone, neck, head and memory bank agree."""

from inspect import signature

from mmpretrain.registry import MODELS
from torch import nn


def with_feat_dim(name: str, part: dict, neck: dict) -> dict:
    """Return the config of ``head`` or ``memory_bank`` with the neck's output dimension.

    Raises:
        ValueError: If ``part`` has another ``feat_dim`` than the neck's ``out_channels``.
    """
    if not (isinstance(part, dict) and isinstance(neck, dict) and 'out_channels' in neck):
        return part
    kind, dim = part.get('type'), neck['out_channels']
    kind = MODELS.get(kind) if isinstance(kind, str) else kind
    if kind is None or 'feat_dim' not in signature(kind).parameters:
        return part  # an unknown type is reported by the registry
    if part.get('feat_dim', dim) != dim:
        raise ValueError(
            f'{name}.feat_dim is {part["feat_dim"]}, but neck.out_channels is {dim}: leave '
            f'{name}.feat_dim out, then it follows the neck'
        )
    return {**part, 'feat_dim': dim}


def check_neck_width(neck: nn.Module, backbone: nn.Module) -> None:
    """Let the neck refuse an input of another width than its ``in_channels``.

    The width depends on the size of the images if a neck does not pool, so it is compared before
    each forward of the neck's first linear layer, whose own message names neither side.
    """
    linear = next((each for each in neck.modules() if isinstance(each, nn.Linear)), None)
    if linear is None:
        return
    name = type(backbone).__name__

    def check_width(linear: nn.Linear, args: tuple) -> None:
        width = args[0].size(-1)
        if width != linear.in_features:
            raise ValueError(
                f'model.neck.in_channels is {linear.in_features}, but the backbone {name} gives '
                f'{width} numbers per image: set model.neck.in_channels={width}'
            )

    linear.register_forward_pre_hook(check_width)
