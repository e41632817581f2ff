"""Contact sheet of query images and their nearest neighbors."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps
from torch import Tensor

from npid_mm.images import ImageReader, UnreadableImageError
from npid_mm.utils.atomic_io import atomic_path

from .style import (
    FADED,
    GAP,
    INK,
    LINE,
    MARGIN,
    MIN_CELL,
    MIN_WIDTH,
    PAD,
    PAPER,
    RIGHT,
    TEXT_SIZE,
    TITLE_SIZE,
    WRONG,
    ImageSource,
    class_name,
    column_left,
)

FRAME = 3
HEADING = TEXT_SIZE + 2 * GAP  # height of a section's heading


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
    sheet = _Sheet(len(query_paths), columns, thumb, labeled, title, sections, reader)
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


class _Sheet:
    """Layout of the sheet, and drawing of its parts."""

    def __init__(
        self,
        rows: int,
        neighbors: int,
        thumb: int,
        labeled: bool,
        title: str = '',
        sections: Mapping[str, int] | None = None,
        reader: ImageReader | None = None,
    ):
        self.reader = reader or ImageReader()
        self.thumb, self.labeled, self.columns = thumb, labeled, 1 + neighbors
        self.title, self.headings = title, {}  # headings: row below -> text
        first = 0
        for heading, count in (sections or {}).items():
            self.headings[first] = heading
            first += count
        self.title_font = ImageFont.load_default(TITLE_SIZE)
        self.font = ImageFont.load_default(TEXT_SIZE)
        # one line each for the title, the legend and the names of the columns
        self.top = MARGIN + TITLE_SIZE + GAP + (LINE + GAP if labeled else 0) + LINE + 4
        self.row_height = thumb + (2 if labeled else 1) * LINE + GAP
        width = max(
            self.left(self.columns) - GAP + MARGIN,
            int(self.title_font.getlength(title)) + 2 * MARGIN,
            MIN_WIDTH,
        )
        self.image = Image.new('RGB', (width, self.row_top(rows) + MARGIN), PAPER)
        self.pen = ImageDraw.Draw(self.image)

    def row_top(self, row: int) -> int:
        """Upper edge of a row of images, below the headings so far."""
        headings = sum(first <= row for first in self.headings)
        return self.top + row * self.row_height + headings * HEADING

    def left(self, column: int) -> int:
        """Left edge of a column of images."""
        return column_left(column, self.thumb)

    def draw_header(self) -> None:
        """Draw title, legend, the names of the columns and the headings."""
        y = MARGIN
        self.pen.text((MARGIN, y), self.title, INK, self.title_font)
        y += TITLE_SIZE + GAP
        if self.labeled:
            x = MARGIN
            for right, text in ((True, 'same class'), (False, 'another class')):
                self._draw_mark(x, y, right, LINE)
                self.pen.text((x + LINE + 6, y + LINE / 2), text, FADED, self.font, 'lm')
                x += LINE + 6 + int(self.font.getlength(text)) + 2 * GAP
            y += LINE + GAP
        for column in range(self.columns):
            name = f'#{column}' if column else 'query'
            middle = self.left(column) + self.thumb / 2
            self.pen.text((middle, y + LINE / 2), name, FADED, self.font, 'mm')
        x = self.left(1) - GAP - GAP // 2
        self.pen.line((x, y, x, self.image.height - MARGIN), PAD, 1)
        for row, heading in self.headings.items():
            y = self.row_top(row) - HEADING
            self.pen.rectangle((MARGIN, y + 4, self.image.width - MARGIN, y + HEADING - 5), PAD)
            self.pen.text((MARGIN + 6, y + HEADING / 2), heading, INK, self.font, 'lm')

    def draw_cell(
        self, row: int, column: int, source: Any, lines: list, right: bool | None = None
    ) -> None:
        """Draw an image with lines of text; ``right`` frames it green (True) or red (False)."""
        x, y = self.left(column), self.row_top(row)
        self.image.paste(self._tile(source, self.thumb - 2 * FRAME), (x + FRAME, y + FRAME))
        if right is not None:
            box = (x, y, x + self.thumb - 1, y + self.thumb - 1)
            self.pen.rectangle(box, outline=RIGHT if right else WRONG, width=FRAME)
            size = self.thumb // 4
            self._draw_mark(x + self.thumb - size, y, right, size)
        for number, text in enumerate(filter(None, lines)):
            middle = (x + self.thumb / 2, y + self.thumb + (number + 0.5) * LINE)
            self.pen.text(middle, self._fit(text), FADED if number else INK, self.font, 'mm')

    def _tile(self, source: Any, side: int) -> Any:
        """An image fitted into a square, or the name of a file that cannot be read."""
        try:
            in_memory = isinstance(source, np.ndarray)
            image = Image.fromarray(source if in_memory else self.reader.read(source))
        except (UnreadableImageError, OSError):
            tile = Image.new('RGB', (side, side), PAD)
            pen = ImageDraw.Draw(tile)
            for number, text in enumerate(('cannot read', Path(source).name)):
                middle = (side / 2, side / 2 + (number - 0.5) * LINE)
                pen.text(middle, self._fit(text), WRONG, self.font, 'mm')
            return tile
        return ImageOps.pad(image, (side, side), Image.Resampling.BICUBIC, PAD)

    def _draw_mark(self, x: int, y: int, right: bool, size: int) -> None:
        """Draw a white tick on green or a white cross on red; shrinking gives smooth edges."""
        large = 8 * size
        mark = Image.new('RGB', (large, large), RIGHT if right else WRONG)
        strokes: list[tuple] = [((0.2, 0.55), (0.42, 0.76), (0.8, 0.28))]
        if not right:
            strokes = [((0.25, 0.25), (0.75, 0.75)), ((0.25, 0.75), (0.75, 0.25))]
        for points in strokes:
            line = [(a * large, b * large) for a, b in points]
            ImageDraw.Draw(mark).line(line, PAPER, large // 8, joint='curve')
        self.image.paste(mark.resize((size, size), Image.Resampling.LANCZOS), (x, y))

    def _fit(self, text: str) -> str:
        """``text``, cut to the width of its column."""
        limit = self.thumb + GAP - 2
        if self.font.getlength(text) <= limit:
            return text
        while text and self.font.getlength(text + '...') > limit:
            text = text[:-1]
        return text + '...'
