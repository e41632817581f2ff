"""Contact sheet of images and their augmented views."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from npid_mm.utils.atomic_io import atomic_path
from npid_mm.visualization import style

from .style import GAP, LINE, MARGIN, column_left

TOP = MARGIN + style.TITLE_SIZE + GAP + LINE + 4  # below the title and the names of the columns


def view_sheet(
    originals: Sequence[np.ndarray],
    views: Sequence[Sequence[np.ndarray]],
    out: str | Path = 'views.png',
    title: str = '',
    cell: int = 128,
) -> str | Path:
    """Draw one row per image: the original, then its views, each with its size below.

    Images keep their aspect ratio. Images smaller than the cell are enlarged without smoothing,
    which shows their pixels.

    Args:
        originals (Sequence[ndarray]): RGB images (H, W, 3) of uint8, of any sizes.
        views (Sequence[Sequence[ndarray]]): Views of each image, in the same format.
        out (str | Path): Image file to write.
        title (str): Line above the sheet.
        cell (int): Width and height of an image in pixels, at least 32. Defaults to 128.

    Returns:
        str | Path: ``out``.

    Raises:
        ValueError: If ``originals`` is empty, the lengths differ or ``cell`` is too small.

    Example:
        >>> image = np.zeros((8, 8, 3), np.uint8)
        >>> view_sheet([image], [[image, image]], out='views.png')
        'views.png'
    """
    if not len(originals) or len(originals) != len(views):
        raise ValueError(
            'originals must have at least one image, and views one row for each, got '
            f'{len(originals)} and {len(views)}'
        )
    if cell < style.MIN_CELL:
        raise ValueError(f'cell must be at least {style.MIN_CELL} pixels, got {cell}')
    columns = 1 + max(map(len, views))
    width = max(column_left(columns, cell) - GAP + MARGIN, style.MIN_WIDTH)
    height = TOP + len(originals) * (cell + LINE + GAP) + MARGIN
    sheet = Image.new('RGB', (width, height), style.PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(style.TEXT_SIZE)
    pen.text((MARGIN, MARGIN), title, style.INK, ImageFont.load_default(style.TITLE_SIZE))
    for column in range(columns):
        name = f'view {column}' if column else 'original'
        middle = (column_left(column, cell) + cell / 2, TOP - LINE / 2 - 4)
        pen.text(middle, name, style.FADED, font, 'mm')
    x = column_left(1, cell) - GAP - GAP // 2
    pen.line((x, TOP - LINE - 4, x, height - MARGIN), style.PAD, 1)
    for row, (original, others) in enumerate(zip(originals, views, strict=True)):
        for column, pixels in enumerate((original, *others)):
            x, y = column_left(column, cell), TOP + row * (cell + LINE + GAP)
            image = Image.fromarray(pixels)
            enlarged = max(image.size) < cell
            method = Image.Resampling.NEAREST if enlarged else Image.Resampling.LANCZOS
            sheet.paste(ImageOps.pad(image, (cell, cell), method, style.PAD), (x, y))
            size = f'{image.width} x {image.height}'
            pen.text((x + cell / 2, y + cell + LINE / 2), size, style.FADED, font, 'mm')
    with atomic_path(out, keep_suffix=True) as path:
        sheet.save(path)
    return out
