"""Contact sheet: each query image with its nearest neighbours."""

from PIL import Image, ImageDraw, ImageFont, ImageOps

from .whole_file import whole_file

MARGIN = 16
MIN_WIDTH = 580  # room for the title over few columns
GAP = 10
FRAME = 3
INK, FADED, PAPER, PAD = '#1a1a1a', '#6b6b6b', '#ffffff', '#ececec'
RIGHT, WRONG = '#1b8a3a', '#c8202f'
TITLE_SIZE, TEXT_SIZE = 15, 12
LINE = 16  # height of a line of captions


def neighbor_sheet(
    query_paths,
    neighbor_paths,
    similarity,
    query_labels=None,
    neighbor_labels=None,
    class_names=None,
    out='neighbors.png',
    thumb=72,
):
    """Draw one row for each query: the query, then its neighbours with their similarity.

    With labels, neighbours of the query's class have a green frame with a tick, others a red frame
    with a cross. Images keep their aspect ratio.

    Args:
        query_paths (Sequence[str]): Q image files.
        neighbor_paths (Sequence[Sequence[str]]): Q x K image files, the most similar first.
        similarity (Tensor | Sequence[Sequence[float]]): (Q, K).
        query_labels (Sequence[int], optional): Q classes.
        neighbor_labels (Sequence[Sequence[int]], optional): Q x K classes.
        class_names (Sequence[str], optional): Names to print in place of class numbers.
        out (str | PathLike): Image file to write.
        thumb (int): Width and height of an image in pixels, at least 32. Defaults to 72.

    Returns:
        str | PathLike: ``out``.

    Raises:
        ValueError: If there is no query, lengths differ, only one side has labels or ``thumb`` is
            too small.
        OSError: If an image cannot be read.
    """
    similarity = [[float(value) for value in row] for row in similarity]
    _check_lengths(query_paths, neighbor_paths, similarity, query_labels, neighbor_labels)
    if thumb < 32:
        raise ValueError(f'thumb must be at least 32 pixels, got {thumb}')
    sheet = _Sheet(len(query_paths), max(map(len, neighbor_paths)), thumb, query_labels is not None)
    right = total = 0
    for row, path in enumerate(query_paths):
        own = None if query_labels is None else int(query_labels[row])
        sheet.draw_cell(row, 0, path, [_class_name(own, class_names)])
        for rank, neighbor in enumerate(neighbor_paths[row]):
            label = None if own is None else int(neighbor_labels[row][rank])
            lines = [f'{similarity[row][rank]:.3f}', _class_name(label, class_names)]
            same = None if own is None else label == own
            sheet.draw_cell(row, 1 + rank, neighbor, lines, same)
            right, total = right + bool(same), total + 1
    title = 'Nearest neighbours by cosine similarity'
    if query_labels is not None:
        title += f': {right} of {total} have the class of their query'
    sheet.draw_header(title)
    with whole_file(out) as path:
        sheet.image.save(path)
    return out


def _check_lengths(query_paths, neighbor_paths, similarity, query_labels, neighbor_labels):
    if not len(query_paths):
        raise ValueError('query_paths must name at least one image, got none')
    if (query_labels is None) != (neighbor_labels is None):
        raise ValueError('query_labels and neighbor_labels must be given both or not at all')
    widths = [len(row) for row in neighbor_paths]
    if len(widths) != len(query_paths):
        raise ValueError(
            'neighbor_paths must have one row for each query, got '
            f'{len(widths)} rows for {len(query_paths)} queries'
        )
    tables = dict(similarity=similarity)
    if query_labels is not None:
        tables['neighbor_labels'] = neighbor_labels
        if len(query_labels) != len(query_paths):
            raise ValueError(
                'query_labels must have one class for each query, got '
                f'{len(query_labels)} for {len(query_paths)} queries'
            )
    for name, table in tables.items():
        if [len(row) for row in table] != widths:
            raise ValueError(
                f'{name} must have one value for each of neighbor_paths, got rows of '
                f'{[len(row) for row in table]} for rows of {widths}'
            )


def _class_name(label, class_names):
    if label is None:
        return ''
    return str(label) if class_names is None else str(class_names[label])


class _Sheet:
    """Where things are on the sheet, and how they are drawn."""

    def __init__(self, rows, neighbors, thumb, labelled):
        self.thumb, self.labelled, self.columns = thumb, labelled, 1 + neighbors
        self.title_font = ImageFont.load_default(TITLE_SIZE)
        self.font = ImageFont.load_default(TEXT_SIZE)
        # The title needs one line, the legend and the names of the columns another one each.
        self.top = MARGIN + TITLE_SIZE + GAP + (LINE + GAP if labelled else 0) + LINE + 4
        self.row_height = thumb + (2 if labelled else 1) * LINE + GAP
        width = max(self.left(self.columns) - GAP + MARGIN, MIN_WIDTH)
        self.image = Image.new('RGB', (width, self.top + rows * self.row_height + MARGIN), PAPER)
        self.pen = ImageDraw.Draw(self.image)

    def left(self, column):
        """Left edge of a column of images; the queries stand apart."""
        return MARGIN + column * (self.thumb + GAP) + (2 * GAP if column else 0)

    def draw_header(self, title):
        """Title, legend and the names of the columns."""
        y = MARGIN
        self.pen.text((MARGIN, y), title, INK, self.title_font)
        y += TITLE_SIZE + GAP
        if self.labelled:
            x = MARGIN
            for right, text in ((True, 'same class'), (False, 'another class')):
                self._draw_mark(x, y, right, LINE)
                self.pen.text((x + LINE + 6, y + LINE / 2), text, FADED, self.font, 'lm')
                x += LINE + 6 + int(self.font.getlength(text)) + 2 * GAP
            y += LINE + GAP
        for column in range(self.columns):
            name = 'query' if column == 0 else f'#{column}'
            middle = self.left(column) + self.thumb / 2
            self.pen.text((middle, y + LINE / 2), name, FADED, self.font, 'mm')
        x = self.left(1) - GAP - GAP // 2
        self.pen.line((x, y, x, self.image.height - MARGIN), PAD, 1)

    def draw_cell(self, row, column, path, lines, right=None):
        """An image with lines of text below; ``right`` frames it green (True) or red (False)."""
        x, y = self.left(column), self.top + row * self.row_height
        inner = self.thumb - 2 * FRAME
        with Image.open(path) as image:
            image = ImageOps.exif_transpose(image).convert('RGB')
        image = ImageOps.pad(image, (inner, inner), Image.Resampling.BICUBIC, PAD)
        self.image.paste(image, (x + FRAME, y + FRAME))
        if right is not None:
            color = RIGHT if right else WRONG
            box = (x, y, x + self.thumb - 1, y + self.thumb - 1)
            self.pen.rectangle(box, outline=color, width=FRAME)
            size = self.thumb // 4
            self._draw_mark(x + self.thumb - size, y, right, size)
        for number, text in enumerate(filter(None, lines)):
            middle = (x + self.thumb / 2, y + self.thumb + (number + 0.5) * LINE)
            self.pen.text(middle, self._fit(text), FADED if number else INK, self.font, 'mm')

    def _draw_mark(self, x, y, right, size):
        """A white tick on green or a white cross on red, drawn large and shrunk: smooth edges."""
        large = 8 * size
        mark = Image.new('RGB', (large, large), RIGHT if right else WRONG)
        strokes = [((0.2, 0.55), (0.42, 0.76), (0.8, 0.28))]
        if not right:
            strokes = [((0.25, 0.25), (0.75, 0.75)), ((0.25, 0.75), (0.75, 0.25))]
        for points in strokes:
            line = [(a * large, b * large) for a, b in points]
            ImageDraw.Draw(mark).line(line, PAPER, large // 8, joint='curve')
        self.image.paste(mark.resize((size, size), Image.Resampling.LANCZOS), (x, y))

    def _fit(self, text):
        """``text``, cut with dots where it is wider than its column."""
        limit = self.thumb + GAP - 2
        if self.font.getlength(text) <= limit:
            return text
        while text and self.font.getlength(text + '...') > limit:
            text = text[:-1]
        return text + '...'
