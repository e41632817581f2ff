"""Pixels of the images of a set: nearest thumbnails, and similarity of pairs."""

import math
from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
import torch
from torch.nn import functional as F

from npid_mm.curation.all_neighbors import Neighbors, all_neighbors
from npid_mm.images import ImageReader, UnreadableImageError

from .similarity import prepare, prepared_similarity

CACHED = 100_000  # reduced images in memory, 2.3 kB each
THUMBNAIL = 8  # pixels of a thumbnail's side


class ImagePixels:
    """Pixels of N image files, reduced and cached.

    Args:
        paths (Sequence[str]): N files.
        reader (ImageReader): Reads them.

    Example:
        >>> pixels = ImagePixels(['a.jpg', 'b.jpg'], ImageReader())
        >>> pixels(0, 1)
        0.998
    """

    def __init__(self, paths: Sequence[str], reader: ImageReader):
        self._paths = paths
        self._reader = reader
        self._prepared = lru_cache(CACHED)(self._prepare)

    def __call__(self, first: int, second: int) -> float:
        """Return the :func:`pixel_similarity` of two rows, NaN if a file is unreadable."""
        one, other = self._prepared(first), self._prepared(second)
        return math.nan if one is None or other is None else prepared_similarity(one, other)

    def neighbors(self, k: int, seed: int = 0) -> Neighbors:
        """Find the images with the most similar thumbnails, mirrored or not.

        A thumbnail has 8 x 8 gray values. The similarity is their correlation, which re-encoding,
        resizing and brightness hardly change.

        Args:
            k (int): Neighbors of each image, in either direction together.
            seed (int): Seed of :func:`all_neighbors`.

        Returns:
            Neighbors: Similarity and index (N, 2 k), with -inf and -1 where there are fewer.
        """
        count = len(self._paths)
        small = np.zeros((count, THUMBNAIL, THUMBNAIL), np.float32)
        for row in range(count):
            image = self._prepared(row)
            if image is not None:
                small[row] = cv2.resize(image, small.shape[1:], interpolation=cv2.INTER_AREA)
        small -= small.mean(axis=(1, 2), keepdims=True)
        thumbnails = torch.from_numpy(np.stack([small, small[:, :, ::-1]], axis=1))
        rows = F.normalize(thumbnails.reshape(2 * count, -1), dim=1)
        # each image is in the table twice, as row 2 i and, mirrored, as row 2 i + 1
        table = all_neighbors(rows, 2 * k, seed=seed)
        similarity, index = table.similarity[::2], table.indices[::2] // 2
        own = torch.arange(count)[:, None]
        lost = (index == own) | (index < 0)
        return Neighbors(
            similarity.masked_fill(lost, -torch.inf), index.masked_fill(lost, -1), table.recall
        )

    def _prepare(self, row: int) -> np.ndarray | None:
        try:
            return prepare(self._reader.picture(self._paths[row]))
        except (UnreadableImageError, OSError):
            return None
