"""What the check of a data set found, and the words it is told in."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from npid_mm.utils.checks import check_whole

# Called with the files to look for and the name of their list; what it gives is gone through, so
# that it can show progress.
Watch = Callable[[list, str], Iterable]


def unwatched(files: list, name: str) -> list:
    """Show no progress."""
    return files


@dataclass
class LayoutReport:
    """What the check of a data set found.

    Attributes:
        problems (list[str]): What has to be put right before a training.
        notices (list[str]): What may be meant.
        counts (dict[str, int]): Number of images of each list that could be read.
        looked_for (int): Number of listed files that were looked for on disk.
    """

    problems: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    looked_for: int = 0

    def note_count(self, what: str, count: int, title: str, expected: int) -> None:
        """Notice a number of images that is not the published one."""
        if count != expected:
            self.notices.append(f'{what} lists {number(count, "image")}, {title} has {expected:,}')

    def note_overlap(self, first: tuple[str, set], second: tuple[str, set]) -> None:
        """Report images that are in two splits: (name, ids) each."""
        both = first[1] & second[1]
        if both:
            self.problems.append(
                f'{number(len(both), "image")} of {first[0]} in {second[0]} too, the first: '
                f'{min(both)}'
            )

    def look_for(
        self, folder: Path, files: list[str], what: str, sample: int | None, watch: Watch
    ) -> None:
        """Look for files of a list, and tell how many are not there.

        Args:
            folder (Path): Where the paths start.
            files (list[str]): Paths.
            what (str): The list's name.
            sample (int, optional): How many to look for; None looks for all.
            watch (Watch): Shows progress.
        """
        chosen = drawn(files, sample)
        self.looked_for += len(chosen)
        missing = [path for path in watch(chosen, what) if not (folder / path).is_file()]
        if missing:
            self.problems.append(
                f'{what}: {len(missing)} of the {len(chosen)} files looked for are not in '
                f'{folder}, the first: {missing[0]}'
            )


def drawn(entries: list, sample: int | None) -> list:
    """``sample`` of the entries, drawn with a fixed seed, sorted; None gives all.

    Raises:
        ValueError: ``sample`` is below 1.
    """
    at_least_one('sample', sample)
    if sample is None or sample >= len(entries):
        return entries
    return sorted(random.Random(0).sample(entries, sample))


def at_least_one(name: str, value: int | None) -> None:
    """Refuse a number below 1.

    Raises:
        ValueError: ``value`` is one.
    """
    if value is not None:
        check_whole(name, value)


def number(count: int, thing: str) -> str:
    """A number of things in words."""
    return f'{count:,} {thing}' + ('s' if count != 1 else '')
