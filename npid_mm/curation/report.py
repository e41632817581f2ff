"""Findings about the images of a set, as a table with one line per image."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from npid_mm.images import ImageReader
from npid_mm.utils.checks import check_whole

from .all_neighbors import Neighbors, all_neighbors
from .clusters import cluster_rows, default_clusters
from .duplicates import (
    confirm_pairs,
    duplicate_groups,
    join_pairs,
    leaking_groups,
    similar_pairs,
)
from .image_set import ImageSet
from .outliers import label_doubts, outlier_scores
from .pixels import ImagePixels
from .subset import facility_location, k_center

MIN_THUMBNAIL = 0.9  # correlation of the thumbnails of candidates
THUMBNAILS = 5  # nearest thumbnails of an image
METHODS = ('k-center', 'facility-location')


@dataclass(eq=False)
class Report:
    """Findings about N images.

    Attributes:
        images (ImageSet): The images.
        neighbors (Neighbors): Their neighbors.
        groups (list[list[int]]): Groups of copies, the largest first.
        look_alikes (list[tuple[int, int]]): Pairs of similar rows that are not confirmed as copies.
        leaks (list[list[int]]): Groups with images of several sets.
        columns (dict[str, list]): Name -> a value for each image, None where there is none. See
            :func:`curate` for the names.
    """

    images: ImageSet
    neighbors: Neighbors
    groups: list[list[int]]
    look_alikes: list[tuple[int, int]]
    leaks: list[list[int]]
    columns: dict[str, list] = field(default_factory=dict)


def curate(
    images: ImageSet,
    min_cosine: float = 0.8,
    min_pixels: float | None = 0.985,
    k: int = 10,
    clusters: int | None = None,
    subset: int = 0,
    method: str = METHODS[0],
    reader: ImageReader | None = None,
    seed: int = 0,
) -> Report:
    """Find duplicates, leaks, outliers, doubtful labels, clusters and a diverse subset.

    The columns of the report are ``path``, ``label``, ``set``, ``group`` (number of the group of
    copies), ``leak`` (whether the group has several sets), ``nearest`` (path of the nearest other
    image), ``cosine`` (with it), ``pixels`` (largest similarity of the pixels among the candidates
    of the image), ``own_probability``, ``outlier`` (mean of 1 - cosine to the neighbors), ``doubt``
    and ``preferred`` (share of the neighbors' vote against the label, and the label that they
    prefer), ``cluster`` and ``subset`` (position in the order of choice).

    Args:
        images (ImageSet): The images.
        min_cosine (float): Least cosine of candidates for copies. Images with similar thumbnails
            are candidates whatever their cosine.
        min_pixels (float, optional): Least similarity of the pixels of copies. None does not read
            the files.
        k (int): Neighbors of each image.
        clusters (int, optional): Number of clusters. Defaults to sqrt(N / 2), at most 50.
        subset (int): Images to choose, 0 for none.
        method (str): 'k-center' covers the set with outliers; 'facility-location' represents its
            dense parts.
        reader (ImageReader, optional): Reads the files. Defaults to ``ImageReader()``.
        seed (int): Seed of the clusters.

    Returns:
        Report: The findings.

    Raises:
        ValueError: If a number is out of range, or ``method`` is unknown.

    Example:
        >>> report = curate(read_image_set('index'))
        >>> [report.columns['path'][row] for row in report.groups[0]]
    """
    check_whole('subset', subset, least=0)
    check_whole('seed', seed, least=0)
    if clusters is not None:
        check_whole('clusters', clusters)
    if subset > len(images):
        raise ValueError(f'subset must be at most {len(images)}, all of the images, got {subset}')
    if method not in METHODS:
        raise ValueError(f'method must be one of {", ".join(METHODS)}, got {method!r}')
    neighbors = all_neighbors(images.rows, k, seed=seed)
    pairs = similar_pairs(neighbors, min_cosine)
    compare, limit = None, 0.0
    if min_pixels is not None:
        compare, limit = ImagePixels(images.paths, reader or ImageReader()), min_pixels
        near = similar_pairs(compare.neighbors(THUMBNAILS, seed), MIN_THUMBNAIL)
        pairs = join_pairs(images.rows, pairs.indices, near.indices)
    confirmed, pixels = confirm_pairs(pairs, compare, limit, images.own)
    groups = duplicate_groups(pairs.indices[confirmed], len(images))
    leaks = leaking_groups(groups, images.sets)
    similar = pairs.indices[~confirmed & (pairs.cosine >= min_cosine)]
    look_alikes = [(i, j) for i, j in similar.tolist()]
    report = Report(images, neighbors, groups, look_alikes, leaks)
    group: list[int | None] = [None] * len(images)
    for number, members in enumerate(groups):
        for row in members:
            group[row] = number
    leaking = {row for members in leaks for row in members}
    doubts, preferred = _label_doubts(neighbors, images.labels)
    chosen = _choose(images.rows, neighbors, subset, method)
    nearest = neighbors.indices[:, 0].tolist()
    report.columns = {
        'path': images.paths,
        'label': images.labels,
        'set': images.sets,
        'group': group,
        'leak': [row in leaking for row in range(len(images))],
        'nearest': [images.paths[row] if row >= 0 else None for row in nearest],
        'cosine': _values(neighbors.similarity[:, 0]),
        'pixels': _values(_largest(pairs.indices, pixels, len(images))),
        'own_probability': _values(images.own, len(images)),
        'outlier': _values(outlier_scores(neighbors)),
        'doubt': doubts,
        'preferred': preferred,
        'cluster': cluster_rows(
            images.rows, clusters or default_clusters(len(images)), seed
        ).tolist(),
        'subset': [chosen.get(row) for row in range(len(images))],
    }
    return report


def _label_doubts(
    neighbors: Neighbors, labels: Sequence[str | None]
) -> tuple[list[float | None], list[str | None]]:
    names = sorted({label for label in labels if label is not None})
    number = {name: position for position, name in enumerate(names)}
    known = torch.tensor([-1 if label is None else number[label] for label in labels])
    doubts, preferred = label_doubts(neighbors, known)
    return _values(doubts), [names[each] if each >= 0 else None for each in preferred.tolist()]


def _choose(rows: Tensor, neighbors: Neighbors, count: int, method: str) -> dict[int, int]:
    """Return the position of each chosen row in the order of choice."""
    if not count:
        return {}
    chosen = k_center(rows, count) if method == METHODS[0] else facility_location(neighbors, count)
    return {row: position for position, row in enumerate(chosen.tolist())}


def _largest(pairs: Tensor, values: Tensor, length: int) -> Tensor:
    """Return the largest value of the pairs of each row, NaN without a pair."""
    largest = torch.full((length,), -torch.inf, dtype=torch.float64)
    known = values.nan_to_num(-torch.inf).double()
    for rows in pairs.t():
        largest.scatter_reduce_(0, rows, known, 'amax')
    return largest.masked_fill(largest == -torch.inf, torch.nan)


def _values(values: Tensor | None, length: int = 0) -> list[float | None]:
    """Convert values to a list with None in place of NaN and infinity."""
    if values is None:
        return [None] * length
    return [round(each, 6) if math.isfinite(each) else None for each in values.tolist()]
