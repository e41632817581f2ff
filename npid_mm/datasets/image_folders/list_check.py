"""Check every line of a list of images before a data set reads it."""

import os
import re

import numpy as np

from npid_mm.utils.paths import printable_path

from .image_list import LABEL, MAX_CLASSES, list_lines

SAMPLE = 1000  # files to look for, evenly spread over the list
TOLERATED = 0.01  # share of the sampled files, or one file, that may be missing
PATH = r"""([^\s"'#\\/](?:[^\t"'\\]*[^\s"'\\,;])?)"""  # without unusual characters
# labeled or not -> pattern of an ordinary line
ORDINARY = {True: re.compile(f'{PATH} -?[0-9]{{1,6}}'), False: re.compile(PATH)}
SEPARATORS = {'\t': 'a tab', ',': 'a comma', ';': 'a semicolon', '\xa0': 'a no-break space'}
NO_LABEL = (
    'has no label: each line must be `path label`; for images without labels set with_label=False '
    'in the data set, and val_dataloader = val_evaluator = val_cfg = None (docs/your_images.md)'
)


def check_list(path: str, folder: str, labeled: bool) -> None:
    """Check the lines of a list of MMPretrain's ``CustomDataset``.

    Every line is read. Files are looked for in :data:`SAMPLE` lines spread over the list, and in
    all lines with unusual characters, such as quotes, tabs and white space at an end, which an
    editor or a spreadsheet may have added to the path.

    Args:
        path (str): The list, `path label` per line, or `path` without labels.
        folder (str): Folder that the paths start from, or ''.
        labeled (bool): Whether the lines have labels.

    Raises:
        ValueError: If a line is malformed; the message has the number of the first.
        FileNotFoundError: If files are missing.
    """
    lines = list_lines(path)
    if lines and lines[0].startswith('\ufeff'):
        raise ValueError(
            f'{path} begins with a byte order mark, which would become part of the path in line 1: '
            'save it as UTF-8 without one'
        )
    wrong: dict[str, list[int]] = {}  # problem -> numbers of lines
    images, unusual = [], []
    for number, line in enumerate(lines, 1):
        if ordinary := ORDINARY[labeled].fullmatch(line):
            images.append(ordinary[1])
            continue
        image, problem = _parse(line, labeled)
        if not problem and folder and image.startswith('/'):
            problem = f'has an absolute path, but the paths of the data set start from {folder}'
        if problem:
            wrong.setdefault(problem, []).append(number)
        images.append(image)
        unusual.append((number, image))
    if wrong:
        problem, numbers = min(wrong.items(), key=lambda item: item[1])
        first = printable_path(lines[numbers[0] - 1][:200])
        more = f' ({len(numbers):,} of {len(lines):,} lines)' if numbers[1:] else ''
        raise ValueError(f"{path}: line {numbers[0]}, '{first}', {problem}{more}")
    if '://' in folder:  # not on a disk
        return
    _look_for(path, folder, unusual, 0)
    spread = np.linspace(0, len(images) - 1, min(SAMPLE, len(images)), dtype=int).tolist()
    chosen = [(position + 1, images[position]) for position in spread]
    _look_for(path, folder, chosen, max(1, int(TOLERATED * len(chosen))))


def _parse(line: str, labeled: bool) -> tuple[str, str]:
    """Path of a line as MMPretrain reads it, and the problem of the line or ''."""
    text = line.strip()
    if not text:
        return '', 'is empty: delete it'
    if not labeled:
        return line, ''
    image, space, label = text.rpartition(' ')
    if space and LABEL.fullmatch(label):
        large = len(label) > 100 or int(label) >= MAX_CLASSES
        return image, f'has a label above {MAX_CLASSES - 1:,}: labels count from 0' * large
    if re.fullmatch(r'[-+]?[0-9]+[.,][0-9]*', label):
        return '', 'has a label that is not an integer'
    for separator, name in SEPARATORS.items():
        if LABEL.fullmatch(text.rpartition(separator)[2].strip()) and separator in text:
            return '', f'has {name} in place of the space before the label'
    return '', NO_LABEL


def _look_for(path: str, folder: str, chosen: list[tuple[int, str]], tolerated: int) -> None:
    """Raise if more files of the chosen (line number, path) are missing than tolerated."""
    missing = [each for each in chosen if not os.path.isfile(os.path.join(folder, each[1]))]
    if len(missing) <= tolerated:
        return
    number, image = missing[0]
    raise FileNotFoundError(
        f'{path}: {len(missing):,} of the {len(chosen):,} files looked for are not there, the '
        f'first: {printable_path(os.path.join(folder, image))} of line {number}'
        f'{_hint(folder, image)}'
    )


def _hint(folder: str, image: str) -> str:
    """Guess why a path misses its file, or return ''."""
    path, _, label = image.rpartition(' ')
    for guess, hint in (
        (image.replace('\\', '/'), 'the folders of a path must be separated by /'),
        (
            image.strip(' \t\xa0"\',;'),
            'the path has white space, quotes or commas that the file has not',
        ),
        (path, f'{label!r} may be a label, which with_label=False does not take off'),
        (image.partition('/')[2], f'the paths may begin with a part of {folder}'),
    ):
        if guess and guess != image and os.path.isfile(os.path.join(folder, guess)):
            return f' ({hint})'
    return ''
