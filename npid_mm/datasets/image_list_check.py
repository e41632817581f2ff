"""Whether the folders and the lists of an ImageNet-style data set fit together."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from .image_list import parse_line

LABELED_LISTS = ('train_1percent', 'train_10percent')
IMAGENET_CLASSES = 1000
IMAGENET_COUNTS = {'train': 1_281_167, 'val': 50_000}


@dataclass
class ListReport:
    """What :func:`check_image_lists` found.

    Attributes:
        problems (list[str]): What has to be put right before a training.
        notices (list[str]): What may be meant.
        counts (dict[str, int]): Number of lines of each list that could be read.
        looked_for (int): Number of listed files that were looked for on disk.
    """

    problems: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    looked_for: int = 0


def check_image_lists(
    root: str | Path,
    lists: Iterable[str] = ('train', 'val'),
    classes: int = IMAGENET_CLASSES,
    sample: int | None = 1000,
    watch: Callable[[list, str], Iterable] = lambda entries, name: entries,
) -> ListReport:
    """Check ``root/{train,val}/`` against ``root/meta/<name>.txt``, and the lists by themselves.

    Paths in a list start from the folder that the first word of its name says: those of
    ``train_1percent`` from ``train``.

    Args:
        root (str | Path): The data set.
        lists (Iterable[str]): Names of the lists.
        classes (int): Number of classes; labels are 0 to ``classes - 1``. With 1000, the number of
            images is compared with ImageNet's.
        sample (int, optional): Listed files to look for on disk, drawn from each list with a fixed
            seed. None looks for all.
        watch (Callable): Called with the files to look for and the list's name; what it gives is
            gone through, so that it can show progress.

    Returns:
        ListReport: Problems, notices and counts.

    Raises:
        ValueError: ``classes`` or ``sample`` is below 1.
    """
    for name, value in (('classes', classes), ('sample', sample)):
        if value is not None and value < 1:
            raise ValueError(f'{name} must be at least 1, got {value}')
    root, lists, report = Path(root), list(lists), ListReport()
    for folder in dict.fromkeys(map(_folder, lists)):
        if not (root / folder).is_dir():
            report.problems.append(f'folder {folder}/ is missing in {root}')
    read = {}
    for name in lists:
        path = root / 'meta' / f'{name}.txt'
        if not path.is_file():
            report.problems.append(f'list meta/{name}.txt is missing in {root}')
            continue
        entries = [parse_line(line) for line in path.read_text().splitlines()]
        report.counts[name] = len(entries)
        report.problems += [f'meta/{name}.txt: {text}' for text in _list_problems(entries, classes)]
        if (root / _folder(name)).is_dir():
            chosen = [(number, image) for number, (image, _) in enumerate(entries, 1) if image]
            if sample is not None and sample < len(chosen):
                chosen = sorted(random.Random(0).sample(chosen, sample))
            report.looked_for += len(chosen)
            report.problems += _file_problems(root, name, watch(chosen, name))
        expected = IMAGENET_COUNTS.get(name) if classes == IMAGENET_CLASSES else None
        if expected and len(entries) != expected:
            report.notices.append(
                f'meta/{name}.txt lists {_number(len(entries), "image")}, ImageNet has {expected:,}'
            )
        read[name] = entries
    report.problems += _disagreements(read)
    return report


def _folder(name: str) -> str:
    return name.split('_')[0]


def _list_problems(entries: list[tuple[str, str | None]], classes: int) -> Iterable[str]:
    """What is wrong with a list by itself."""
    if not entries:
        yield 'the list is empty'
        return
    unlabelled, outside, seen = [], [], set()
    for number, (image, label) in enumerate(entries, 1):
        if label is None or not label.removeprefix('-').isdecimal():
            unlabelled.append((number, f'{image} {label or ""}'.strip()))
        elif not 0 <= int(label) < classes:
            outside.append((number, f'{image} {label}'))
        else:
            seen.add(int(label))
    yield from _told('without a label (`path label`)', unlabelled)
    yield from _told(f'with a label outside 0..{classes - 1}', outside)
    counts = Counter(image for image, _ in entries)
    again = [(image, count) for image, count in counts.items() if count > 1]
    if again:
        yield f'{_number(len(again), "path")} more than once, the first: {again[0][0]}'
    absent = sorted(set(range(classes)) - seen)
    if absent:
        shown = ', '.join(map(str, absent[:5])) + (', ...' if len(absent) > 5 else '')
        yield f'no image of {len(absent)} of {classes} classes: {shown}'


def _file_problems(root: Path, name: str, chosen: Iterable[tuple[int, str]]) -> Iterable[str]:
    """Files of a list that are not on disk, and the usual reason."""
    folder, prefixed, missing, looked_for = _folder(name), [], [], 0
    for number, image in chosen:
        looked_for += 1
        if not (root / folder / image).is_file():
            (prefixed if image.startswith(f'{folder}/') else missing).append((number, image))
    if prefixed:
        number, image = prefixed[0]
        yield (
            f'meta/{name}.txt: paths start with {folder}/, which data_prefix puts before them once '
            f'more: leave it out, for example in {image} (line {number})'
        )
    if missing:
        number, image = missing[0]
        yield (
            f'meta/{name}.txt: {len(missing)} of the {looked_for} files looked for are not in '
            f'{folder}/, the first: {image} (line {number})'
        )


def _disagreements(lists: dict[str, list[tuple[str, str | None]]]) -> Iterable[str]:
    """Class folders with several labels, and lines of a subset that the whole list has not."""
    by_folder = defaultdict(dict)
    for name, entries in lists.items():
        for image, label in entries:
            if '/' in image and label is not None and label.isdecimal():
                by_folder[image.rsplit('/', 1)[0]].setdefault(label, name)
    several = {folder: found for folder, found in by_folder.items() if len(found) > 1}
    if several:
        folder, found = next(iter(several.items()))
        texts = ', '.join(f'{label} (meta/{name}.txt)' for label, name in found.items())
        yield (
            f'several labels for {_number(len(several), "class folder")}, the first: '
            f'{folder}: {texts}'
        )
    whole = set(lists.get('train', ()))
    for name, entries in lists.items():
        strangers = [entry for entry in entries if entry not in whole]
        if whole and strangers and name.startswith('train_'):
            yield (
                f'meta/{name}.txt: {_number(len(strangers), "line")} not in meta/train.txt, '
                f'the first: {" ".join(filter(None, strangers[0]))!r}'
            )


def _told(what: str, lines: list[tuple[int, str]]) -> Iterable[str]:
    """One sentence about lines, of which it shows the first."""
    if lines:
        number, text = lines[0]
        yield f'{_number(len(lines), "line")} {what}, the first: {text!r} (line {number})'


def _number(count: int, thing: str) -> str:
    return f'{count:,} {thing}' + ('s' if count != 1 else '')
