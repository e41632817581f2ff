"""Groups of instances that are not negatives of one another, such as copies of an image."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class InstanceGroups(nn.Module):
    """Groups of instances, and the other members of the group of an instance.

    The buffers move with the model and are not in its checkpoints.

    Args:
        groups (Sequence[Sequence[int]]): Instances of each group; those of a group of one are
            ignored.
        length (int): N.

    Raises:
        ValueError: If an instance is outside [0, N) or in two groups, or a group has all instances.
    """

    number: Tensor
    members: Tensor

    def __init__(self, groups: Sequence[Sequence[int]], length: int):
        super().__init__()
        groups = [sorted(set(group)) for group in groups if len(set(group)) > 1]
        size = max(map(len, groups), default=0)
        if size >= length:
            raise ValueError(
                f'a group must leave negatives for its members, got one of all {length} instances'
            )
        number = torch.full((length,), len(groups))
        # the last line is that of instances without a group
        members = torch.full((len(groups) + 1, size), -1)
        for position, group in enumerate(groups):
            if not 0 <= group[0] <= group[-1] < length:
                raise ValueError(f'groups must hold instances in [0, {length}), got {group[:10]}')
            if (number[group] < len(groups)).any():
                raise ValueError(f'groups must have no instance in common, got {group[:10]} again')
            number[group] = position
            members[position, : len(group)] = torch.tensor(group)
        self.register_buffer('number', number, persistent=False)
        self.register_buffer('members', members, persistent=False)

    def others(self, index: Tensor) -> Tensor:
        """Return the other members of the groups of some instances.

        Args:
            index (Tensor): (B,).

        Returns:
            Tensor: (B, G), instances, -1 in place of the instance itself and where a group is
            smaller than the largest one, G.
        """
        members = self.members[self.number[index]]
        return members.masked_fill(members == index[:, None], -1)
