"""What a report of benchmarks is made of: what runs, and the tables that show it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from npid_mm.datasets.layout_checks import LayoutReport


@dataclass(frozen=True)
class DataSet:
    """What a benchmark reads.

    Attributes:
        folder (str): Its folder below the root of all data sets, as its configs have it.
        check (Callable[[Path], LayoutReport]): Tells what is missing in that folder.
    """

    folder: str
    check: Callable[[Path], LayoutReport]


@dataclass(frozen=True)
class Benchmark:
    """One config to run on a checkpoint.

    Attributes:
        name (str): What it is called, also on disk.
        config (str): Config file, from the repository's root.
        data (DataSet): What it reads.
        trained (bool): Whether a training from the checkpoint comes first; otherwise the
            checkpoint itself is tested.
        grid (tuple[str, ...]): Settings to train with, as ``--grid`` of tools/sweep.py has them;
            the best are tested.
    """

    name: str
    config: str
    data: DataSet
    trained: bool = False
    grid: tuple[str, ...] = ()


@dataclass(frozen=True)
class Column:
    """A figure of the report, in percent: ``metric`` of ``benchmark``, times ``scale``."""

    heading: str
    benchmark: str
    metric: str
    scale: float = 1


@dataclass(frozen=True)
class Table:
    """A table of the report.

    Attributes:
        title (str): What it shows.
        columns (tuple[Column, ...]): Its figures.
        published (Mapping[str, Mapping[str, float]]): Source -> heading -> figure.
    """

    title: str
    columns: tuple[Column, ...]
    published: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Suite:
    """Benchmarks in the order they run in, and the tables that show them."""

    benchmarks: tuple[Benchmark, ...]
    tables: tuple[Table, ...]

    def metrics_of(self, benchmark: Benchmark) -> list[str]:
        """Names of the metrics that the tables show of a benchmark."""
        columns = [column for table in self.tables for column in table.columns]
        return [column.metric for column in columns if column.benchmark == benchmark.name]

    def select(self, names: list[str] | None) -> list[Benchmark]:
        """The benchmarks of these names, in the order they run in; None gives all.

        Raises:
            ValueError: A name is not one of the suite's.
        """
        known = [benchmark.name for benchmark in self.benchmarks]
        unknown = set(names or ()) - set(known)
        if unknown:
            raise ValueError(
                f'--only must name benchmarks of the suite ({", ".join(known)}), '
                f'got {", ".join(sorted(unknown))}'
            )
        return [each for each in self.benchmarks if names is None or each.name in names]
