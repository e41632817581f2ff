"""Identify a torchvision ResNet from its state dict."""

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor
from torchvision import models

from npid_mm.checkpoints.fit import misfits

DEPTHS = (18, 34, 50, 101, 152)


class ResNetMatch(NamedTuple):
    """The ResNet of torchvision that is closest to some weights.

    Attributes:
        name (str): Its name, such as 'resnet50'.
        misfits (dict[str, list[str]]): See :func:`~npid_mm.checkpoints.fit.misfits`.
    """

    name: str
    misfits: dict[str, list[str]]


def match_resnet(weights: Mapping[str, Tensor]) -> ResNetMatch | None:
    """Find the ResNet that shares most weights with a backbone; None if none shares any name.

    Args:
        weights (Mapping[str, Tensor]): Weights of a backbone by their names.
    """
    resnets = {f'resnet{depth}': _state_dict(depth) for depth in DEPTHS}

    def score(name: str) -> int:
        own = resnets[name]
        fitting = sum(key in weights and weights[key].shape == own[key].shape for key in own)
        return fitting - sum(key not in own for key in weights)

    name = max(resnets, key=score)
    if not weights.keys() & resnets[name].keys():
        return None
    return ResNetMatch(name, misfits(resnets[name], weights))


@cache
def _state_dict(depth: int) -> dict[str, Tensor]:
    """Return the weights of a ResNet without its classifier, on the device 'meta'."""
    with torch.device('meta'):
        state = getattr(models, f'resnet{depth}')().state_dict()
    return {name: value for name, value in state.items() if not name.startswith('fc.')}
