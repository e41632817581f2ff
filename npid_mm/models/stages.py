"""Stages of a backbone, from the numbers in the names of its parts."""

import re
from collections import defaultdict

from torch import nn

LEAST = 3  # numbered parts that are taken for stages


def parameter_stages(network: nn.Module) -> tuple[dict[str, int], int]:
    """Assign each parameter of a network to a stage.

    The stages are the numbered parts with the most parameters, such as ``layer1`` to ``layer4`` of
    a ResNet or ``blocks.0`` to ``blocks.11`` of a vision transformer. What comes before them is the
    stem.

    Args:
        network (nn.Module): A backbone of any library.

    Returns:
        tuple[dict[str, int], int]: Name of a parameter -> 0 for the stem, 1 to S for a stage, S + 1
        for what follows the stages; and S.

    Raises:
        ValueError: If the network has fewer than three numbered parts.

    Example:
        >>> parameter_stages(nn.Sequential(*(nn.Linear(2, 2, bias=False) for _ in range(3))))
        ({'0.weight': 1, '1.weight': 2, '2.weight': 3}, 3)
    """
    parts: dict[str, dict[int, int]] = defaultdict(dict)  # prefix -> number -> parameters
    for name, module in network.named_modules():
        match = re.fullmatch(r'(.*?)(\d+)', name)
        count = sum(each.numel() for each in module.parameters())
        if match and count:
            parts[match[1]][int(match[2])] = count
    trunks = {prefix: each for prefix, each in parts.items() if len(each) >= LEAST}
    if not trunks:
        raise ValueError(
            f'the backbone must have at least {LEAST} numbered parts, such as layer1 to layer4, to '
            f'have stages, got {type(network).__name__}'
        )
    trunk = max(trunks, key=lambda prefix: sum(trunks[prefix].values()))
    numbers = sorted(trunks[trunk])
    # others with the same numbers belong to the stages, e.g. `downsample_layers` of a ConvNeXt
    inside = tuple(f'{trunk}{number}.' for number in numbers)
    outer = [each for each in parts if sorted(parts[each]) == numbers]
    outer = [each for each in outer if not each.startswith(inside)]
    stages, current = {}, 0
    for name, _ in network.named_parameters():
        found = None
        for prefix in outer:
            match = re.match(rf'{re.escape(prefix)}(\d+)(?:\.|$)', name)
            if match:
                found = numbers.index(int(match[1])) + 1
                current = found if prefix == trunk else current
        after = len(numbers) + 1 if current == len(numbers) else current
        stages[name] = after if found is None else found
    return stages, len(numbers)


def freeze_stages(network: nn.Module, count: int) -> list[nn.Module]:
    """Freeze the stem and the first stages of a network.

    Args:
        network (nn.Module): A backbone of any library.
        count (int): Number of stages, see :func:`parameter_stages`; 0 for the stem alone.

    Returns:
        list[nn.Module]: Modules whose parameters are all frozen, which are to stay in evaluation
        mode.

    Raises:
        ValueError: If the network has fewer stages.
    """
    stages, total = parameter_stages(network)
    if not 0 <= count <= total:
        raise ValueError(
            f'frozen_stages must be from 0 to {total}, the stages of this '
            f'{type(network).__name__}, got {count}'
        )
    for name, parameter in network.named_parameters():
        if stages[name] <= count:
            parameter.requires_grad_(False)
    return [
        module
        for module in network.modules()
        if (own := list(module.parameters())) and not any(each.requires_grad for each in own)
    ]
