"""Base class, registry and report of the checks of data sets on disk."""

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from npid_mm.utils.checks import check_whole
from npid_mm.utils.text import pluralize

# Called with the files to look for and the name of their list. Returns an iterable over the files,
# so it can wrap a progress bar.
Watch = Callable[[list, str], Iterable]

LAYOUT_CHECKS: dict[str, type[Any]] = {}  # their arguments differ


def register_check(name: str) -> Callable[[type['LayoutCheck']], type['LayoutCheck']]:
    """Register a check under the name that check_dataset.py and the suites know it by."""

    def register(check: type['LayoutCheck']) -> type['LayoutCheck']:
        LAYOUT_CHECKS[name] = check
        return check

    return register


def build_check(name: str, **options: Any) -> 'LayoutCheck':
    """Build the check that is registered under a name, with its arguments."""
    return LAYOUT_CHECKS[name](**options)


def unwatched(files: list, name: str) -> list:
    """Return the files themselves: no progress is shown."""
    return files


@dataclass
class LayoutReport:
    """Result of the check of a data set.

    Attributes:
        problems (list[str]): Errors to fix before training.
        notices (list[str]): Deviations that may be intended.
        counts (dict[str, int]): Number of images in each list that could be read.
        looked_for (int): Number of listed files that were looked for on disk.
    """

    problems: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    looked_for: int = 0

    def count(self, split: str, count: int, what: str, title: str, expected: int) -> None:
        """Record the number of images of a split, with a notice if it is not the published one.

        Args:
            split (str): Key in ``counts``.
            count (int): Number of images.
            what (str): Name of the list.
            title (str): Name of the data set.
            expected (int): Published number of images.
        """
        self.counts[split] = count
        if count != expected:
            self.notices.append(
                f'{what} lists {pluralize(count, "image")}, {title} has {expected:,}'
            )

    def check_disjoint(self, splits: dict[str, set], first: str, second: str) -> None:
        """Report images that are in both of two splits; a split that was not read is skipped."""
        both = splits.get(first, set()) & splits.get(second, set())
        if both:
            self.problems.append(
                f'{pluralize(len(both), "image")} of {first} in {second} too, the first: '
                f'{min(both)}'
            )

    def is_parent(self, root: Path, *inner: str) -> bool:
        """Report a root that has the data set in a folder inside it."""
        for each in inner:
            if (root / each).is_dir():
                self.problems.append(f'{root} has {each}/ inside: use that folder, {root / each}')
                return True
        return False

    def read_ids(self, root: Path, name: str, advice: str = '') -> list[str] | None:
        """Read a list of one image id per line; report and return None if that is impossible.

        Args:
            root (Path): The data set.
            name (str): The list, below ``root``.
            advice (str): What to do if the list is missing.
        """
        if not (root / name).is_file():
            self.problems.append(f'list {name} is missing in {root}{advice and f": {advice}"}')
            return None
        ids = (root / name).read_text().split()
        if not ids:
            self.problems.append(f'list {name} in {root} is empty')
        return ids or None


@dataclass(frozen=True, kw_only=True)
class LayoutCheck(ABC):
    """Base class of the checks: call one with the folder of a data set.

    A subclass sets ``folder``, implements :meth:`check` and is registered by
    :func:`register_check`.

    Attributes:
        folder (str): Folder of the data set below ``data/``, as its configs have it.
        samples_files (bool): Whether ``sample`` and ``watch`` apply.

    Args:
        sample (int, optional): Number of listed files to look for on disk, sampled from each list
            with a fixed seed. None looks for all.
        watch (Watch): Shows progress.

    Raises:
        ValueError: If ``sample`` is below 1.
    """

    folder: ClassVar[str]
    samples_files: ClassVar[bool] = True

    sample: int | None = 1000
    watch: Watch = unwatched

    def __post_init__(self) -> None:
        if self.sample is not None:
            check_whole('sample', self.sample)

    def __call__(self, root: str | Path) -> LayoutReport:
        """Check the data set in a folder.

        Args:
            root (str | Path): The data set.

        Returns:
            LayoutReport: Problems, notices and counts.
        """
        report = LayoutReport()
        self.check(Path(root), report)
        return report

    @abstractmethod
    def check(self, root: Path, report: LayoutReport) -> None:
        """Check the data set in ``root`` and add the findings to ``report``."""

    def sampled(self, entries: list) -> list:
        """Sample entries with a fixed seed and sort them; return all entries if they are fewer."""
        if self.sample is None or self.sample >= len(entries):
            return entries
        return sorted(random.Random(0).sample(entries, self.sample))

    def look_for(self, report: LayoutReport, folder: Path, files: list[str], what: str) -> None:
        """Look for a sample of files on disk and report those that are missing.

        Args:
            report (LayoutReport): The report to add to.
            folder (Path): Folder that the paths start from.
            files (list[str]): Paths.
            what (str): Name of their list.
        """
        chosen = self.sampled(files)
        report.looked_for += len(chosen)
        missing = [path for path in self.watch(chosen, what) if not (folder / path).is_file()]
        if missing:
            report.problems.append(
                f'{what}: {len(missing)} of the {len(chosen)} files looked for are not in '
                f'{folder}, the first: {missing[0]}'
            )
