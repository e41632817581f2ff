"""Data model of a benchmark suite: the benchmarks, and the tables of their report."""

from dataclasses import dataclass

from npid_mm.datasets.layout_checks import LayoutCheck


@dataclass(frozen=True)
class Benchmark:
    """One config to run on a checkpoint.

    Attributes:
        name (str): Its name, also on disk.
        config (str): Config file, relative to the root of the repository.
        data (LayoutCheck): Check of the data set that it reads.
        trained (bool): Whether to train from the checkpoint first. Otherwise the checkpoint itself
            is tested.
        grid (tuple[str, ...]): Settings to train with, in the form of ``--grid`` of
            tools/sweep.py; the best of them is tested.
    """

    name: str
    config: str
    data: LayoutCheck
    trained: bool = False
    grid: tuple[str, ...] = ()


@dataclass(frozen=True)
class Column:
    """Column of a table, in percent.

    Attributes:
        heading (str): Its heading.
        benchmark (str): Name of the benchmark.
        metric (str): Name of the metric that the benchmark gives.
        scale (float): Factor that makes the metric a percentage.
        published (str): Name of the published figure in the metafile, if it is not the heading;
            '-' if none is published.
    """

    heading: str
    benchmark: str
    metric: str
    scale: float = 1
    published: str = ''


@dataclass(frozen=True)
class Table:
    """Table of a report.

    Attributes:
        title (str): Its title.
        columns (tuple[Column, ...]): Its columns.
        note (str): A sentence on the published figures.
    """

    title: str
    columns: tuple[Column, ...]
    note: str = ''


@dataclass(frozen=True)
class Suite:
    """Benchmarks in the order they run in, and the tables that show them."""

    benchmarks: tuple[Benchmark, ...]
    tables: tuple[Table, ...]

    def metrics_of(self, benchmark: Benchmark) -> list[str]:
        """Return the names of the metrics of a benchmark that the tables show."""
        columns = [column for table in self.tables for column in table.columns]
        return [column.metric for column in columns if column.benchmark == benchmark.name]

    def configs_of(self, table: Table) -> list[str]:
        """Return the config files that a table shows, each once, in the order of its columns."""
        configs = {benchmark.name: benchmark.config for benchmark in self.benchmarks}
        return list(dict.fromkeys(configs[column.benchmark] for column in table.columns))

    def select(self, names: list[str] | None) -> list[Benchmark]:
        """Return the benchmarks of these names, in the order they run in; None returns all.

        Raises:
            ValueError: If a name is not one of the suite's.
        """
        known = [benchmark.name for benchmark in self.benchmarks]
        unknown = set(names or ()) - set(known)
        if unknown:
            raise ValueError(
                f'--only must name benchmarks of the suite ({", ".join(known)}), '
                f'got {", ".join(sorted(unknown))}'
            )
        return [each for each in self.benchmarks if names is None or each.name in names]
