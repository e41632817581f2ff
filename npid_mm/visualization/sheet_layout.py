"""Layout and drawing of a contact sheet of queries and neighbors."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from npid_mm.images import ImageReader, UnreadableImageError

from .style import (
    FADED,
    GAP,
    INK,
    LINE,
    MARGIN,
    MIN_WIDTH,
    PAD,
    PAPER,
    RIGHT,
    TEXT_SIZE,
    TITLE_SIZE,
    WRONG,
    ImageSource,
    column_left,
)

FRAME = 3
HEADING = TEXT_SIZE + 2 * GAP  # height of a section's heading


class Sheet:
    """Layout of a contact sheet of queries and neighbors, and drawing of its parts."""

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
        self,
        row: int,
        column: int,
        source: ImageSource,
        lines: list[str],
        right: bool | None = None,
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

    def _tile(self, source: ImageSource, side: int) -> Image.Image:
        """An image fitted into a square, or the name of a file that cannot be read."""
        try:
            image = Image.fromarray(
                source if isinstance(source, np.ndarray) else self.reader.picture(source)
            )
        except (UnreadableImageError, OSError):
            tile = Image.new('RGB', (side, side), PAD)
            pen = ImageDraw.Draw(tile)
            for number, text in enumerate(('cannot read', Path(str(source)).name)):
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
