"""Check that the images of ImageNet or Places205 and the lists below meta/ fit together."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from npid_mm.datasets.image_folders.image_list import list_lines, parse_line
from npid_mm.utils.checks import check_whole

from .base import LayoutCheck, LayoutReport, register_check
from .list_problems import cross_list_problems, list_problems

LABELED_LISTS = ('train_1percent', 'train_10percent')


@dataclass(frozen=True, kw_only=True)
class ImageListCheck(LayoutCheck):
    """Check of ``root/meta/<name>.txt`` within each list, across lists and against the images.

    Attributes:
        title (str): Name of the data set.
        num_classes (int): Its number of classes.
        image_counts (dict[str, int]): Published number of images of each list.
        split_folders (bool): Whether paths start from ``train/`` or ``val/``, the first word of
            the list's name, instead of ``root``.
        tool (str): The script that writes the lists.

    Args:
        lists (tuple[str, ...]): Names of the lists.
        classes (int, optional): Number of classes in a part of the data set. Labels are 0 to
            ``classes - 1``. None takes all, and compares the numbers of images with the published
            ones.

    Raises:
        ValueError: If ``classes`` or ``sample`` is below 1.
    """

    title: ClassVar[str]
    num_classes: ClassVar[int]
    image_counts: ClassVar[dict[str, int]]
    split_folders: ClassVar[bool]
    tool: ClassVar[str]

    lists: tuple[str, ...] = ('train', 'val')
    classes: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.classes is not None:
            check_whole('classes', self.classes)

    def check(self, root: Path, report: LayoutReport) -> None:
        """See :meth:`LayoutCheck.check`."""
        classes = self.classes or self.num_classes
        for folder in dict.fromkeys(map(self._start, self.lists)):
            if not (root / folder).is_dir():
                report.problems.append(f'folder {folder}/ is missing in {root}')
        read = {}
        for name in self.lists:
            file, path = f'meta/{name}.txt', root / 'meta' / f'{name}.txt'
            if not path.is_file():
                report.problems.append(f'list {file} is missing in {root}: {self.tool} writes it')
                continue
            read[name] = entries = [parse_line(line) for line in list_lines(path)]
            report.counts[name] = len(entries)
            report.problems += [f'{file}: {text}' for text in list_problems(entries, classes)]
            start = self._start(name)
            if (root / start).is_dir():
                chosen = [(line, image) for line, (image, _) in enumerate(entries, 1) if image]
                chosen = self.sampled(chosen)
                report.looked_for += len(chosen)
                found = _file_problems(root, start, self.watch(chosen, name))
                # converted from official lists, whose paths start elsewhere
                advice = '' if start else f'; {self.tool} --force writes the list again'
                report.problems += [f'{file}: {text}{advice}' for text in found]
            if classes == self.num_classes and name in self.image_counts:
                expected = self.image_counts[name]
                report.count(name, len(entries), file, self.title, expected)
        report.problems += cross_list_problems(read)

    def _start(self, name: str) -> str:
        """Return the folder below ``root`` that the paths of a list start from; may be empty."""
        return name.split('_')[0] if self.split_folders else ''


@register_check('imagenet')
class ImageNetCheck(ImageListCheck):
    """Check of ImageNet-1k."""

    folder = 'imagenet'
    title = 'ImageNet'
    num_classes = 1000
    image_counts: ClassVar = {'train': 1_281_167, 'val': 50_000}
    split_folders = True
    tool = 'make_imagenet_lists.py'


@register_check('places205')
class Places205Check(ImageListCheck):
    """Check of Places205."""

    folder = 'places205'
    title = 'Places205'
    num_classes = 205
    image_counts: ClassVar = {'train': 2_448_873, 'val': 20_500}
    split_folders = False
    tool = 'make_places205_lists.py'


def _file_problems(root: Path, start: str, chosen: Iterable[tuple[int, str]]) -> Iterator[str]:
    """Find listed files that are not on disk, and the usual reason."""
    prefixed: list[tuple[int, str]] = []
    missing: list[tuple[int, str]] = []
    looked_for = 0
    for line, image in chosen:
        looked_for += 1
        if not (root / start / image).is_file():
            repeated = start and image.startswith(f'{start}/')
            (prefixed if repeated else missing).append((line, image))
    if prefixed:
        line, image = prefixed[0]
        yield (
            f'paths start with {start}/, which data_prefix adds again: remove it, for example in '
            f'{image} (line {line})'
        )
    if missing:
        line, image = missing[0]
        where = f'{start}/' if start else root
        yield (
            f'{len(missing)} of the {looked_for} files looked for are not in {where}, the first: '
            f'{image} (line {line})'
        )
