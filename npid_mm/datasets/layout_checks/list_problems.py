"""Find errors in lists of `path label`, within a list and across lists."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from npid_mm.utils.text import pluralize

Entries = list[tuple[str, str | None]]  # path, label


def list_problems(entries: Entries, classes: int) -> Iterator[str]:
    """Find missing labels, labels out of range, repeated paths and classes without an image.

    Args:
        entries (Entries): Path and label of each line.
        classes (int): Number of classes.

    Yields:
        str: An error, with the first line that has it.
    """
    if not entries:
        yield 'the list is empty'
        return
    unlabeled, outside, seen = [], [], set()
    for line, (image, label) in enumerate(entries, 1):
        if label is None or not label.removeprefix('-').isdecimal():
            unlabeled.append((line, f'{image} {label or ""}'.strip()))
        elif not 0 <= int(label) < classes:
            outside.append((line, f'{image} {label}'))
        else:
            seen.add(int(label))
    for what, lines in (
        ('without a label (`path label`)', unlabeled),
        (f'with a label outside 0..{classes - 1}', outside),
    ):
        if lines:
            line, text = lines[0]
            yield f'{pluralize(len(lines), "line")} {what}, the first: {text!r} (line {line})'
    counts = Counter(image for image, _ in entries)
    repeated = [image for image, count in counts.items() if count > 1]
    if repeated:
        yield f'{pluralize(len(repeated), "path")} more than once, the first: {repeated[0]}'
    absent = sorted(set(range(classes)) - seen)
    if absent:
        shown = ', '.join(map(str, absent[:5])) + (', ...' if len(absent) > 5 else '')
        yield f'no image of {len(absent)} of {classes} classes: {shown}'


def cross_list_problems(lists: dict[str, Entries]) -> Iterator[str]:
    """Find class folders with several labels, and lines of a subset that are not in the full list.

    Args:
        lists (dict[str, Entries]): Name -> path and label of each line.

    Yields:
        str: An error, with its first example.
    """
    by_folder: dict[str, dict[str, str]] = defaultdict(dict)
    for name, entries in lists.items():
        for image, label in entries:
            if '/' in image and label is not None and label.isdecimal():
                by_folder[image.rsplit('/', 1)[0]].setdefault(label, name)
    several = {folder: found for folder, found in by_folder.items() if len(found) > 1}
    if several:
        folder, found = next(iter(several.items()))
        texts = ', '.join(f'{label} (meta/{name}.txt)' for label, name in found.items())
        yield (
            f'several labels for {pluralize(len(several), "class folder")}, the first: '
            f'{folder}: {texts}'
        )
    full = set(lists.get('train', ()))
    for name, entries in lists.items():
        extra = [entry for entry in entries if entry not in full]
        if full and extra and name.startswith('train_'):
            yield (
                f'meta/{name}.txt: {pluralize(len(extra), "line")} not in meta/train.txt, '
                f'the first: {" ".join(filter(None, extra[0]))!r}'
            )
