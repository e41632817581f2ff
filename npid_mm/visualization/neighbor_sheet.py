"""Contact sheet of query images and their nearest neighbors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from npid_mm.images import ImageReader
from npid_mm.utils.atomic_io import atomic_path

from .sheet_layout import Sheet
from .style import MIN_CELL, ImageSource, class_name

if TYPE_CHECKING:
    from torch import Tensor


def neighbor_sheet(
    query_paths: Sequence[ImageSource],
    neighbor_paths: Sequence[Sequence[ImageSource]],
    similarity: Sequence[Sequence[float]] | np.ndarray | Tensor,
    query_labels: Sequence[int] | np.ndarray | None = None,
    neighbor_labels: Sequence[Sequence[int]] | np.ndarray | None = None,
    class_names: Sequence[str] | None = None,
    out: str | Path = 'neighbors.png',
    thumb: int = 72,
    title: str | None = None,
    sections: Mapping[str, int] | None = None,
    reader: ImageReader | None = None,
) -> str | Path:
    """Draw one row per query: the query, then its neighbors with their similarity.

    With labels, neighbors of the query's class have a green frame with a tick, others a red frame
    with a cross. Images keep their aspect ratio.

    Args:
        query_paths (Sequence[str | ndarray]): Q images, files or RGB arrays (H, W, 3) of uint8.
        neighbor_paths (Sequence[Sequence[str | ndarray]]): Q x K images, the most similar first.
        similarity (Tensor | Sequence[Sequence[float]]): (Q, K).
        query_labels (Sequence[int], optional): Q classes.
        neighbor_labels (Sequence[Sequence[int]], optional): Q x K classes.
        class_names (Sequence[str], optional): Names to show instead of class numbers.
        out (str | Path): Image file to write.
        thumb (int): Width and height of an image in pixels, at least 32. Defaults to 72.
        title (str, optional): Line above the sheet. Defaults to the share of right neighbors.
        sections (Mapping[str, int], optional): Headings and the number of rows below each, Q in
            all.
        reader (ImageReader, optional): Reads the files. Defaults to ``ImageReader()``. A file that
            cannot be read is shown as a gray tile with its name.

    Returns:
        str | Path: ``out``.

    Raises:
        ValueError: If ``query_paths`` is empty, lengths differ, only one side has labels, ``thumb``
            is too small or ``sections`` have another number of rows.

    Example:
        >>> query, near, far = (np.full((8, 8, 3), gray, np.uint8) for gray in (0, 20, 200))
        >>> neighbor_sheet([query], [[near, far]], [[0.9, 0.1]], out='sheet.png')
        'sheet.png'
    """
    rows = [[float(value) for value in row] for row in similarity]
    _check_lengths(query_paths, neighbor_paths, rows, query_labels, neighbor_labels)
    if thumb < MIN_CELL:
        raise ValueError(f'thumb must be at least {MIN_CELL} pixels, got {thumb}')
    sections = sections or {}
    if sections and sum(sections.values()) != len(query_paths):
        raise ValueError(
            f'sections must have {len(query_paths)} rows in all, one for each query, got {sections}'
        )
    labeled = query_labels is not None
    if title is None:
        title = _default_title(query_labels, neighbor_labels)
    columns = max(map(len, neighbor_paths))
    sheet = Sheet(len(query_paths), columns, thumb, labeled, title, sections, reader)
    for row, path in enumerate(query_paths):
        own = None if query_labels is None else int(query_labels[row])
        sheet.draw_cell(row, 0, path, [class_name(own, class_names)])
        for rank, neighbor in enumerate(neighbor_paths[row]):
            label = None if neighbor_labels is None else int(neighbor_labels[row][rank])
            lines = [f'{rows[row][rank]:.3f}', class_name(label, class_names)]
            sheet.draw_cell(row, 1 + rank, neighbor, lines, label == own if labeled else None)
    sheet.draw_header()
    with atomic_path(out, keep_suffix=True) as path:
        sheet.image.save(path, optimize=True)
    return out


def _check_lengths(
    query_paths: Any, neighbor_paths: Any, similarity: Any, query_labels: Any, neighbor_labels: Any
) -> None:
    if not len(query_paths):
        raise ValueError('query_paths must name at least one image, got none')
    if (query_labels is None) != (neighbor_labels is None):
        raise ValueError('query_labels and neighbor_labels must be given both or not at all')
    for name, values in (('neighbor_paths', neighbor_paths), ('query_labels', query_labels)):
        if values is not None and len(values) != len(query_paths):
            raise ValueError(
                f'{name} must have one item for each query, got {len(values)} for '
                f'{len(query_paths)} queries'
            )
    widths = [len(row) for row in neighbor_paths]
    for name, table in (('similarity', similarity), ('neighbor_labels', neighbor_labels)):
        if table is not None and [len(row) for row in table] != widths:
            raise ValueError(
                f'{name} must have one value for each of neighbor_paths, got rows of '
                f'{[len(row) for row in table]} for rows of {widths}'
            )


def _default_title(query_labels: Any, neighbor_labels: Any) -> str:
    title = 'Nearest neighbors by cosine similarity'
    if query_labels is None:
        return title
    rows = zip(query_labels, neighbor_labels, strict=True)
    right = [int(label) == int(own) for own, row in rows for label in row]
    return title + f': {sum(right)} of {len(right)} have the class of their query'
