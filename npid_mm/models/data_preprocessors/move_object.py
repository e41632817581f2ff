"""Move what an image shows on a black ground."""

import torch
from torch import Tensor, nn

PLACES = ('random', 'center')
BLACK = 8 / 255  # values up to this one are the ground


class MoveObject(nn.Module):
    """Move the object of an image on a black ground, whole, by pixels; for each image of a batch.

    With ``to='center'`` before an affine augmentation and ``to='random'`` after it, a rotated or
    scaled object stays inside the image, and its place tells nothing about the image.

    Args:
        to (str): 'random', any place at which the object is inside the image, or 'center'.

    Raises:
        ValueError: If ``to`` is another word.

    Example:
        >>> images = torch.zeros(1, 1, 3, 3)
        >>> images[..., 0, 0] = 1
        >>> MoveObject('center')(images)[0, 0, 1]
        tensor([0., 1., 0.])
    """

    def __init__(self, to: str):
        super().__init__()
        if to not in PLACES:
            raise ValueError(f'to must be one of {", ".join(PLACES)}, got {to!r}')
        self.to_center = to == 'center'

    def forward(self, images: Tensor) -> Tensor:
        """Move the objects of images (B, C, H, W) in [0, 1]."""
        ink = images.amax(1) > BLACK
        rows, columns = (self._moved(ink.any(axis)) for axis in (2, 1))
        batch = torch.arange(len(images), device=images.device)[:, None, None]
        return images.movedim(1, 3)[batch, rows[:, :, None], columns[:, None]].movedim(3, 1)

    def _moved(self, used: Tensor) -> Tensor:
        """Return which row each row (B, H) of the result is, for the rows that an object uses."""
        length = used.shape[1]
        first = used.int().argmax(1)
        last = length - 1 - used.flip(1).int().argmax(1)
        free = length - 1 - last + first
        if self.to_center:
            start = free // 2
        else:
            # drawn on the CPU, as the other parameters of augmentations
            start = (torch.rand(len(used)).to(used.device) * (free + 1)).long()
        places = torch.arange(length, device=used.device)
        return (places - (start - first)[:, None]) % length
