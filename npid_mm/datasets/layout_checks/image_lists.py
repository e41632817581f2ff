"""Whether the images of a data set and its lists below meta/ fit together."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from npid_mm.datasets.image_folders.image_list import list_lines, parse_line

from .report import LayoutReport, Watch, at_least_one, drawn, number, unwatched

LABELED_LISTS = ('train_1percent', 'train_10percent')


@dataclass(frozen=True)
class ListLayout:
    """A data set that has lists.

    Attributes:
        title (str): Its name.
        classes (int): Number of classes.
        counts (dict[str, int]): Published number of images of each list.
        split_folders (bool): Whether paths in a list start from ``train/`` and ``val/``, as the
            first word of the list's name says: those of ``train_1percent`` from ``train``.
            Otherwise they start from the data set's own folder.
        tool (str): What writes the lists.
    """

    title: str
    classes: int
    counts: dict[str, int]
    split_folders: bool
    tool: str

    def folder(self, name: str) -> str:
        """Folder that the paths of a list start from, below the data set's; may be empty."""
        return name.split('_')[0] if self.split_folders else ''


IMAGENET = ListLayout(
    title='ImageNet',
    classes=1000,
    counts={'train': 1_281_167, 'val': 50_000},
    split_folders=True,
    tool='make_imagenet_lists.py',
)
PLACES205 = ListLayout(
    title='Places205',
    classes=205,
    counts={'train': 2_448_873, 'val': 20_500},
    split_folders=False,
    tool='make_places205_lists.py',
)


def check_image_lists(
    root: str | Path,
    layout: ListLayout = IMAGENET,
    lists: Iterable[str] = ('train', 'val'),
    classes: int | None = None,
    sample: int | None = 1000,
    watch: Watch = unwatched,
) -> LayoutReport:
    """Check ``root/meta/<name>.txt`` by themselves, against each other and against the images.

    Args:
        root (str | Path): The data set.
        layout (ListLayout): Which data set it is.
        lists (Iterable[str]): Names of the lists.
        classes (int, optional): Number of classes, of a part of the data set; labels are 0 to
            ``classes - 1``. None takes that of the layout, and then the numbers of images are
            compared with the published ones.
        sample (int, optional): Listed files to look for on disk, drawn from each list with a fixed
            seed. None looks for all.
        watch (Watch): Called with (line number, path) of the files to look for.

    Returns:
        LayoutReport: Problems, notices and counts.

    Raises:
        ValueError: ``classes`` or ``sample`` is below 1.
    """
    at_least_one('classes', classes)
    at_least_one('sample', sample)
    root, lists, report = Path(root), list(lists), LayoutReport()
    for folder in dict.fromkeys(map(layout.folder, lists)):
        if not (root / folder).is_dir():
            report.problems.append(f'folder {folder}/ is missing in {root}')
    read = {}
    for name in lists:
        path = root / 'meta' / f'{name}.txt'
        if not path.is_file():
            report.problems.append(
                f'list meta/{name}.txt is missing in {root}: {layout.tool} writes it'
            )
            continue
        entries = [parse_line(line) for line in list_lines(path)]
        report.counts[name] = len(entries)
        found = _list_problems(entries, classes or layout.classes)
        report.problems += [f'meta/{name}.txt: {text}' for text in found]
        folder = layout.folder(name)
        if (root / folder).is_dir():
            chosen = [(line, image) for line, (image, _) in enumerate(entries, 1) if image]
            chosen = drawn(chosen, sample)
            report.looked_for += len(chosen)
            found = _file_problems(root, folder, watch(chosen, name))
            # written from official lists whose paths start elsewhere
            advice = '' if folder else f'; {layout.tool} --force writes the list anew'
            report.problems += [f'meta/{name}.txt: {text}{advice}' for text in found]
        if classes in (None, layout.classes) and name in layout.counts:
            expected = layout.counts[name]
            report.note_count(f'meta/{name}.txt', len(entries), layout.title, expected)
        read[name] = entries
    report.problems += _disagreements(read)
    return report


def _list_problems(entries: list[tuple[str, str | None]], classes: int) -> Iterable[str]:
    """What is wrong with a list by itself."""
    if not entries:
        yield 'the list is empty'
        return
    unlabelled, outside, seen = [], [], set()
    for line, (image, label) in enumerate(entries, 1):
        if label is None or not label.removeprefix('-').isdecimal():
            unlabelled.append((line, f'{image} {label or ""}'.strip()))
        elif not 0 <= int(label) < classes:
            outside.append((line, f'{image} {label}'))
        else:
            seen.add(int(label))
    yield from _told('without a label (`path label`)', unlabelled)
    yield from _told(f'with a label outside 0..{classes - 1}', outside)
    counts = Counter(image for image, _ in entries)
    again = [(image, count) for image, count in counts.items() if count > 1]
    if again:
        yield f'{number(len(again), "path")} more than once, the first: {again[0][0]}'
    absent = sorted(set(range(classes)) - seen)
    if absent:
        shown = ', '.join(map(str, absent[:5])) + (', ...' if len(absent) > 5 else '')
        yield f'no image of {len(absent)} of {classes} classes: {shown}'


def _file_problems(root: Path, folder: str, chosen: Iterable[tuple[int, str]]) -> Iterable[str]:
    """Files of a list that are not on disk, and the usual reason."""
    prefixed, missing, looked_for = [], [], 0
    for line, image in chosen:
        looked_for += 1
        if not (root / folder / image).is_file():
            twice = folder and image.startswith(f'{folder}/')
            (prefixed if twice else missing).append((line, image))
    if prefixed:
        line, image = prefixed[0]
        yield (
            f'paths start with {folder}/, which data_prefix puts before them once more: leave it '
            f'out, for example in {image} (line {line})'
        )
    if missing:
        line, image = missing[0]
        where = f'{folder}/' if folder else root
        yield (
            f'{len(missing)} of the {looked_for} files looked for are not in {where}, the first: '
            f'{image} (line {line})'
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
            f'several labels for {number(len(several), "class folder")}, the first: '
            f'{folder}: {texts}'
        )
    whole = set(lists.get('train', ()))
    for name, entries in lists.items():
        strangers = [entry for entry in entries if entry not in whole]
        if whole and strangers and name.startswith('train_'):
            yield (
                f'meta/{name}.txt: {number(len(strangers), "line")} not in meta/train.txt, '
                f'the first: {" ".join(filter(None, strangers[0]))!r}'
            )


def _told(what: str, lines: list[tuple[int, str]]) -> Iterable[str]:
    """One sentence about lines, of which it shows the first."""
    if lines:
        line, text = lines[0]
        yield f'{number(len(lines), "line")} {what}, the first: {text!r} (line {line})'
