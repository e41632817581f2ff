"""Find the images of a training set among those of a checkpoint."""

import os
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from npid_mm.datasets.image_names import PIXELS


class Growth(NamedTuple):
    """Source of each row of a bank: a row of a checkpoint, or none for a new image."""

    source: Tensor  # (N,), row of the checkpoint's bank for each present image, -1 for a new one
    saved: int  # rows of the checkpoint's bank

    @property
    def new(self) -> Tensor:
        """Tensor: Positions of the new images."""
        return (self.source < 0).nonzero().flatten()

    @property
    def kept(self) -> Tensor:
        """Tensor: Positions of the images that have a row."""
        return (self.source >= 0).nonzero().flatten()

    def __str__(self) -> str:
        kept = len(self.kept)
        return f'{kept:,} images kept, {len(self.new):,} added, {self.saved - kept:,} removed'


def match_images(
    saved: Sequence[str],
    present: Sequence[str],
    path: str,
    folders: tuple[str | None, str | None] = (None, None),
) -> Growth:
    """Find the row of each image of a training set.

    Images are the same if their paths are. If no path of the checkpoint is there any more, because
    the folder was moved, the paths within the folder are compared. A renamed image is a removed and
    a new one.

    Args:
        saved (Sequence[str]): Names of the images of the checkpoint's rows, relative to a folder.
        present (Sequence[str]): Names of the N training images, relative to a folder.
        path (str): The checkpoint, for the message.
        folders (tuple[str | None, str | None]): Both folders, None if one is not known.

    Raises:
        ValueError: If images have no path, or none is in the checkpoint.

    Example:
        >>> match_images(['1.jpg', '2.jpg'], ['2.jpg', '3.jpg'], 'epoch_1.pth').source
        tensor([ 1, -1])
    """
    if any(name.startswith(PIXELS) for name in (*saved, *present)):
        raise ValueError(
            f'the rows of {path} can follow images that have paths, and some of its data set are '
            'in memory: give the images that it was trained on'
        )
    pairs = [(saved, present)]
    if None not in folders:
        absolute = [
            [os.path.join(str(folder), name) for name in names]
            for folder, names in zip(folders, (saved, present), strict=True)
        ]
        pairs.insert(0, (absolute[0], absolute[1]))
    for old, new in pairs:
        row = {name: position for position, name in enumerate(old)}
        source = torch.tensor([row.get(name, -1) for name in new])
        if (source >= 0).any():
            return Growth(source, len(saved))
    raise ValueError(
        f'none of the {len(present):,} training images has a row in {path}, which was trained on '
        f'{len(saved):,} others, such as {saved[0]}: start a new run'
    )
