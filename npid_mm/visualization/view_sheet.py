"""Contact sheet: each image with the views of it that a network is shown."""

from PIL import Image, ImageDraw, ImageFont, ImageOps

from npid_mm.utils.atomic_io import atomic_path

from .contact_sheet import (
    FADED,
    GAP,
    INK,
    LINE,
    MARGIN,
    MIN_WIDTH,
    PAD,
    PAPER,
    TEXT_SIZE,
    TITLE_SIZE,
)

TOP = MARGIN + TITLE_SIZE + GAP + LINE + 4  # below the title and the names of the columns


def view_sheet(originals, views, out='views.png', title='', cell=128):
    """Draw one row for each image: the original, then its views, each with its size below.

    Images keep their aspect ratio. What is smaller than the cell is enlarged without smoothing,
    so that its pixels show.

    Args:
        originals (Sequence[ndarray]): RGB images (H, W, 3) of uint8, of any sizes.
        views (Sequence[Sequence[ndarray]]): Views of each image, likewise.
        out (str | PathLike): Image file to write.
        title (str): Line above the sheet.
        cell (int): Width and height of an image in pixels, at least 32. Defaults to 128.

    Returns:
        str | PathLike: ``out``.

    Raises:
        ValueError: If there is no image, lengths differ or ``cell`` is too small.
    """
    if not len(originals) or len(originals) != len(views):
        raise ValueError(
            'originals must have at least one image, and views one row for each, got '
            f'{len(originals)} and {len(views)}'
        )
    if cell < 32:
        raise ValueError(f'cell must be at least 32 pixels, got {cell}')
    columns = 1 + max(map(len, views))
    width = max(_left(columns, cell) - GAP + MARGIN, MIN_WIDTH)
    height = TOP + len(originals) * (cell + LINE + GAP) + MARGIN
    sheet = Image.new('RGB', (width, height), PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(TEXT_SIZE)
    pen.text((MARGIN, MARGIN), title, INK, ImageFont.load_default(TITLE_SIZE))
    for column in range(columns):
        name = f'view {column}' if column else 'original'
        middle = (_left(column, cell) + cell / 2, TOP - LINE / 2 - 4)
        pen.text(middle, name, FADED, font, 'mm')
    x = _left(1, cell) - GAP - GAP // 2
    pen.line((x, TOP - LINE - 4, x, height - MARGIN), PAD, 1)
    for row, (original, others) in enumerate(zip(originals, views, strict=True)):
        for column, pixels in enumerate((original, *others)):
            x, y = _left(column, cell), TOP + row * (cell + LINE + GAP)
            sheet.paste(_fit(Image.fromarray(pixels), cell), (x, y))
            size = f'{pixels.shape[1]} x {pixels.shape[0]}'
            pen.text((x + cell / 2, y + cell + LINE / 2), size, FADED, font, 'mm')
    with atomic_path(out, keep_suffix=True) as path:
        sheet.save(path)
    return out


def _left(column, cell):
    """Left edge of a column of images; the originals stand apart."""
    return MARGIN + column * (cell + GAP) + (2 * GAP if column else 0)


def _fit(image, cell):
    """``image`` as large as ``cell`` allows, on a square of ``cell``."""
    enlarged = max(image.size) < cell
    method = Image.Resampling.NEAREST if enlarged else Image.Resampling.LANCZOS
    return ImageOps.pad(image, (cell, cell), method, PAD)
