"""The processes of one benchmark: training, or a sweep of trainings, and the test."""

import json
from pathlib import Path

from npid_mm.engine.resume import newest_checkpoint
from npid_mm.utils.processes import run_logged, tool_command

from .sweep import SUMMARY, cell_name

SWEEP = 'sweep'  # folder of a sweep, below the benchmark's


class BenchmarkError(RuntimeError):
    """A benchmark that came to no result."""


class BenchmarkTools:
    """The tools that a benchmark calls; all raise :class:`BenchmarkError` where one fails.

    Args:
        tools (Path): The folder tools/.
        ranks (int): Ranks of each run.
        log (Path): Where the output goes.
    """

    def __init__(self, tools: Path, ranks: int, log: Path):
        self.tools = tools
        self.ranks = ranks
        self.log = log

    def train(self, config: Path, folder: Path, grid: tuple[str, ...], metric: str) -> Path:
        """Train in ``folder``, or go on there; gives the last checkpoint.

        Args:
            config (Path): The config.
            folder (Path): The benchmark's folder.
            grid (tuple[str, ...]): Settings to train with, one after another; may be empty.
            metric (str): Which of them is best, by its last evaluation.
        """
        if grid:
            swept = folder / SWEEP
            axes = [part for axis in grid for part in ('--grid', axis)]
            options = [*axes, '--metric', metric, '--gpus', str(self.ranks)]
            command = tool_command(self.tools, 'sweep', [config])
            self._call('sweep', [*command, *options, '--work-dir', str(swept)])
            folder = swept / cell_name(best_cell(folder))
        else:
            command = tool_command(self.tools, 'train', [config], self.ranks)
            self._call('train', [*command, '--work-dir', str(folder), '--resume'])
        found = newest_checkpoint(folder)
        if found is None:
            raise BenchmarkError(f'the training left no checkpoint in {folder}')
        return found

    def test(self, config: Path, checkpoint: Path, folder: Path, out: Path) -> None:
        """Test a checkpoint; its metrics go to the JSON file ``out``."""
        command = tool_command(self.tools, 'test', [config, checkpoint], self.ranks)
        self._call('test', [*command, '--work-dir', str(folder), '--out', str(out)])

    def _call(self, what: str, command: list[str]) -> None:
        status = run_logged(command, self.log)
        if status:
            raise BenchmarkError(f'tools/{what}.py: exit status {status}, see {self.log}')


def best_cell(folder: Path) -> dict[str, str]:
    """The settings that a benchmark's finished sweep found best."""
    return json.loads((folder / SWEEP / SUMMARY).read_text())['best']
