"""The benchmarks of a suite on one checkpoint, each as processes of the other tools."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from npid_mm.datasets.layout_checks import LayoutReport
from npid_mm.engine.resume import UnreadableCheckpointError
from npid_mm.utils.atomic_io import write_atomic

from .benchmark_config import BATCH, local_config, read_configs, start_from
from .processes import BenchmarkError, BenchmarkTools, best_cell
from .suite import Benchmark, DataSet, Suite

LOG = 'output.log'
RECORD = 'benchmark.json'  # what was run
SHARED = 'tested'  # work dir of all benchmarks that train nothing
METRICS = 'metrics.json'  # what came out, by tools/test.py --out


@dataclass
class Outcome:
    """How it stands with a benchmark.

    Attributes:
        state (str): 'finished', 'failed', 'no data' or 'not run'.
        metrics (dict[str, float]): By name, if it is finished.
        images (dict[str, int]): Images of each list of its data.
        notes (list[str]): What went wrong, what is missing or what to know.
    """

    state: str
    metrics: dict[str, float] = field(default_factory=dict)
    images: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class SuiteRun:
    """A suite's benchmarks on one checkpoint below one folder; what is finished is kept.

    Args:
        suite (Suite): The benchmarks.
        checkpoint (Path): The pretraining's checkpoint.
        digest (str): Its sha256.
        folder (Path): Where a folder a benchmark is written.
        root (Path): Folder that has configs/ and tools/.
        data_root (Path): Folder of all data sets.
        ranks (int): Ranks of each run. The batch of all ranks together stays that of the config.
        options (dict): Settings to merge into the configs, see :func:`read_configs`.

    Raises:
        FileNotFoundError: A config of the suite is missing.
        ValueError: An option is for no config.
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
    ):
        self.suite = suite
        self.checkpoint = checkpoint
        self.digest = digest
        self.folder = folder
        self.tools = root / 'tools'
        self.data_root = data_root
        self.ranks = ranks
        self.options = options or {}
        files = {benchmark.name: root / benchmark.config for benchmark in suite.benchmarks}
        self.configs = read_configs(files, self.options)
        self._reports = {}
        self._failures = {}  # name -> what went wrong

    def check(self, data: DataSet) -> LayoutReport:
        """What there is of a data set, looked at once."""
        if data not in self._reports:
            folder = self.data_root / data.folder
            there = folder.is_dir()
            nothing = LayoutReport(problems=[f'there is no folder {folder}'])
            try:
                self._reports[data] = data.check(folder) if there else nothing
            except (OSError, ValueError) as error:  # no permission, say, or no text
                problem = f'cannot look at {folder}: {error}'
                self._reports[data] = LayoutReport(problems=[problem])
        return self._reports[data]

    def outcome(self, benchmark: Benchmark) -> Outcome:
        """How it stands with a benchmark, from what is on disk and this object's own runs."""
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
        """Run a benchmark, or what is left of it; what goes wrong is in its outcome."""
        self._failures.pop(benchmark.name, None)
        try:
            self._run(benchmark)
        except (BenchmarkError, UnreadableCheckpointError, OSError, ValueError) as error:
            self._failures[benchmark.name] = str(error)

    def log(self, benchmark: Benchmark) -> Path:
        """Output of a benchmark's processes."""
        return self.folder / benchmark.name / LOG

    def _run(self, benchmark: Benchmark) -> None:
        """Train if it is trained, test, and look at the metrics."""
        folder = self.folder / benchmark.name
        if (folder / METRICS).is_file() or any(folder.rglob('*.pth')):  # to go on with
            self._compare_record(benchmark)
        self._write(json.dumps(self._record(benchmark), indent=2), folder / RECORD)
        cfg = local_config(self.configs[benchmark.name], self.data_root)
        if benchmark.trained:
            start_from(cfg, self.checkpoint, None if BATCH in self.options else self.ranks)
        # not in the work dir, where the Runner writes its own of the same name
        config = self.folder / 'configs' / f'{benchmark.name}.py'
        self._write(cfg.pretty_text, config)
        tools = BenchmarkTools(self.tools, self.ranks, self.log(benchmark))
        tested = self.checkpoint
        if benchmark.trained:
            metric = self.suite.metrics_of(benchmark)[0]
            tested = tools.train(config, folder, benchmark.grid, metric)
        # tests share features that one of them kept
        work_dir = folder if benchmark.trained else self.folder / SHARED
        tools.test(config, tested, work_dir, folder / METRICS)
        shown, found = self.suite.metrics_of(benchmark), self._read(benchmark, METRICS)
        if shown and found.keys().isdisjoint(shown):
            raise BenchmarkError(
                f'no metric {", ".join(sorted(shown))}, only {", ".join(found) or "none"}'
            )

    def _metrics(self, benchmark: Benchmark) -> dict[str, float] | None:
        """What came out, if it is finished; options may leave out some of what the tables show."""
        metrics, shown = self._read(benchmark, METRICS), self.suite.metrics_of(benchmark)
        if not metrics or (shown and metrics.keys().isdisjoint(shown)):
            return None
        self._compare_record(benchmark)
        return metrics

    def _record(self, benchmark: Benchmark) -> dict:
        """What decides a benchmark's figures, without where the files are or how many ranks."""
        record = dict(
            checkpoint=self.digest,
            config=self.configs[benchmark.name].to_dict(),
            grid=benchmark.grid,
            images=self.check(benchmark.data).counts,
        )
        return json.loads(json.dumps(record, default=str))

    def _compare_record(self, benchmark: Benchmark) -> None:
        """Refuse a folder that holds something else's results; data may be gone by now."""
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
