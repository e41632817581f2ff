"""ResNets by their weights, with torchvision's as the measure."""

from collections.abc import Mapping
from functools import cache

import torch
from torch import Tensor
from torchvision import models

DEPTHS = (18, 34, 50, 101, 152)


def closest_resnet(weights: Mapping[str, Tensor]) -> tuple[str, dict[str, Tensor]]:
    """The ResNet of torchvision that most of the weights belong to.

    Args:
        weights (Mapping[str, Tensor]): Weights of a backbone by their names.

    Returns:
        tuple[str, dict[str, Tensor]]: Its name, such as 'resnet50', and its weights, on the
        device 'meta'.

    Raises:
        ValueError: Not one weight belongs to a ResNet.
    """
    resnets = {f'resnet{depth}': _shapes(depth) for depth in DEPTHS}
    matching = {
        name: sum(key in weights and weights[key].shape == own[key].shape for key in own)
        - sum(key not in own for key in weights)
        for name, own in resnets.items()
    }
    name = max(matching, key=matching.get)
    own = resnets[name]
    if not any(key in weights for key in own):
        raise ValueError(
            f"none of the {len(weights)} weights has the name of a ResNet's: {', '.join(resnets)} "
            f'are known, the first weight here is {next(iter(weights), "missing")}'
        )
    return name, own


@cache
def _shapes(depth: int) -> dict[str, Tensor]:
    """Weights of a ResNet without its classifier, without memory behind them."""
    with torch.device('meta'):
        state = getattr(models, f'resnet{depth}')().state_dict()
    return {name: value for name, value in state.items() if not name.startswith('fc.')}
