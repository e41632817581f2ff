"""Run the benchmarks of a suite on one checkpoint, as processes of the other tools."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from npid_mm.datasets.layout_checks import LayoutCheck, LayoutReport
from npid_mm.engine.resume import UnreadableCheckpointError
from npid_mm.utils.atomic_io import write_atomic

from .benchmark_config import BATCH, local_config, read_configs, start_from
from .benchmark_tools import BenchmarkError, BenchmarkTools, best_cell
from .suite import Benchmark, Suite

LOG = 'output.log'
RECORD = 'benchmark.json'  # checkpoint, config and data of a run
SHARED = 'tested'  # work dir of all benchmarks without a training
METRICS = 'metrics.json'  # result, written by tools/test.py --out


@dataclass
class Outcome:
    """Status of a benchmark.

    Attributes:
        state (str): 'finished', 'failed', 'no data' or 'not run'.
        metrics (dict[str, float]): Metrics by name, if it is finished.
        images (dict[str, int]): Number of images in each list of its data.
        notes (list[str]): Errors, missing data or notices.
    """

    state: str
    metrics: dict[str, float] = field(default_factory=dict)
    images: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class SuiteRun:
    """Benchmarks of a suite on one checkpoint below one folder; finished ones are kept.

    Args:
        suite (Suite): The benchmarks.
        checkpoint (Path): Checkpoint of the pretraining.
        digest (str): Its sha256.
        folder (Path): Folder with a subfolder per benchmark.
        root (Path): Folder with configs/, tools/ and model-index.yml.
        data_root (Path): Folder of all data sets.
        ranks (int): Number of ranks of each run. The global batch stays that of the config.
        options (dict): Settings to merge into the configs, see :func:`read_configs`.

    Raises:
        FileNotFoundError: If a config of the suite is missing.
        ValueError: If an option applies to no config.
    """

    def __init__(
        self,
        suite: Suite,
        checkpoint: Path,
        digest: str,
        folder: Path,
        root: Path,
        data_root: Path,
        ranks: int = 1,
        options: dict | None = None,
    ) -> None:
        self.suite = suite
        self.checkpoint = checkpoint
        self.digest = digest
        self.folder = folder
        self.root = root
        self.data_root = data_root
        self.ranks = ranks
        self.options = options or {}
        files = {benchmark.name: root / benchmark.config for benchmark in suite.benchmarks}
        self.configs = read_configs(files, self.options)
        self._reports: dict[LayoutCheck, LayoutReport] = {}
        self._failures: dict[str, str] = {}  # name -> error

    def check(self, data: LayoutCheck) -> LayoutReport:
        """Check a data set, once."""
        if data not in self._reports:
            folder = self.data_root / data.folder
            missing = LayoutReport(problems=[f'folder not found: {folder}'])
            try:
                self._reports[data] = data(folder) if folder.is_dir() else missing
            except (OSError, ValueError) as error:  # e.g. no permission, or a list is not text
                problem = f'cannot read {folder}: {error}'
                self._reports[data] = LayoutReport(problems=[problem])
        return self._reports[data]

    def outcome(self, benchmark: Benchmark) -> Outcome:
        """Return the status of a benchmark, from the files on disk and the runs of this object."""
        report = self.check(benchmark.data)
        images = report.counts
        if benchmark.name in self._failures:
            return Outcome('failed', {}, images, [self._failures[benchmark.name]])
        try:
            metrics = self._metrics(benchmark)
        except BenchmarkError as error:
            return Outcome('failed', {}, images, [str(error)])
        if metrics:
            record = self._read(benchmark, RECORD)
            notes = list(report.notices)
            if benchmark.grid:
                best = best_cell(self.folder / benchmark.name)
                notes.append('best: ' + ' '.join(f'{key}={value}' for key, value in best.items()))
            return Outcome('finished', metrics, record['images'], notes)
        if report.problems:
            return Outcome('no data', {}, images, report.problems)
        return Outcome('not run', {}, images, report.notices)

    def run(self, benchmark: Benchmark) -> None:
        """Run or resume a benchmark; an error goes into its outcome."""
        self._failures.pop(benchmark.name, None)
        try:
            self._run(benchmark)
        except (BenchmarkError, UnreadableCheckpointError, OSError, ValueError) as error:
            self._failures[benchmark.name] = str(error)

    def log(self, benchmark: Benchmark) -> Path:
        """Return the log of a benchmark's processes."""
        return self.folder / benchmark.name / LOG

    def _run(self, benchmark: Benchmark) -> None:
        """Train, if the benchmark has a training, test, and check the metrics."""
        folder = self.folder / benchmark.name
        if (folder / METRICS).is_file() or any(folder.rglob('*.pth')):  # to resume
            self._compare_record(benchmark)
        self._write(json.dumps(self._record(benchmark), indent=2), folder / RECORD)
        cfg = local_config(self.configs[benchmark.name], self.data_root)
        if benchmark.trained:
            start_from(cfg, self.checkpoint, None if BATCH in self.options else self.ranks)
        # not in the work dir, where the Runner writes a file of the same name
        config = self.folder / 'configs' / f'{benchmark.name}.py'
        self._write(cfg.pretty_text, config)
        tools = BenchmarkTools(self.root / 'tools', self.ranks, self.log(benchmark))
        tested = self.checkpoint
        if benchmark.trained:
            metric = self.suite.metrics_of(benchmark)[0]
            tested = tools.train(config, folder, benchmark.grid, metric)
        # tests share a work dir, so that they reuse stored features
        work_dir = folder if benchmark.trained else self.folder / SHARED
        tools.test(config, tested, work_dir, folder / METRICS)
        shown, found = self.suite.metrics_of(benchmark), self._read(benchmark, METRICS)
        if shown and found.keys().isdisjoint(shown):
            raise BenchmarkError(
                f'no metric {", ".join(sorted(shown))}, only {", ".join(found) or "none"}'
            )

    def _metrics(self, benchmark: Benchmark) -> dict[str, float] | None:
        """Return the metrics, if finished; options may leave out some that the tables show."""
        metrics, shown = self._read(benchmark, METRICS), self.suite.metrics_of(benchmark)
        if not metrics or (shown and metrics.keys().isdisjoint(shown)):
            return None
        self._compare_record(benchmark)
        return metrics

    def _record(self, benchmark: Benchmark) -> dict:
        """Return all that determines the results: not the location of files or number of ranks."""
        record = dict(
            checkpoint=self.digest,
            config=self.configs[benchmark.name].to_dict(),
            grid=benchmark.grid,
            images=self.check(benchmark.data).counts,
        )
        return json.loads(json.dumps(record, default=str))

    def _compare_record(self, benchmark: Benchmark) -> None:
        """Refuse a folder with the results of another run; the data may be gone by now."""
        before, now = self._read(benchmark, RECORD), self._record(benchmark)
        if self.check(benchmark.data).problems:
            now['images'] = before.get('images')
        differing = [name for name in now if before.get(name) != now[name]]
        if differing:
            raise BenchmarkError(
                f'{self.folder / benchmark.name} holds a run with other {", ".join(differing)}: '
                'remove that folder, or choose another --work-dir'
            )

    def _read(self, benchmark: Benchmark, name: str) -> dict:
        path = self.folder / benchmark.name / name
        return json.loads(path.read_text()) if path.is_file() else {}

    def _write(self, text: str, path: Path) -> None:
        write_atomic(path, text)
