"""Run the tools that a benchmark needs: train or sweep, then test."""

import json
from pathlib import Path

from npid_mm.engine.resume import newest_checkpoint
from npid_mm.utils.child_process import run_logged, tool_command

from .sweep import SUMMARY, cell_name

SWEEP = 'sweep'  # folder of the sweep, below that of the benchmark


class BenchmarkError(RuntimeError):
    """Failure of a benchmark."""


class BenchmarkTools:
    """Call the tools that a benchmark needs; raise :class:`BenchmarkError` if one fails.

    Args:
        tools (Path): The folder tools/.
        ranks (int): Number of ranks of each run.
        log (Path): File that the output is appended to.
    """

    def __init__(self, tools: Path, ranks: int, log: Path) -> None:
        self.tools = tools
        self.ranks = ranks
        self.log = log

    def train(self, config: Path, folder: Path, grid: tuple[str, ...], metric: str) -> Path:
        """Start or resume the training in ``folder`` and return its last checkpoint.

        Args:
            config (Path): The config.
            folder (Path): Folder of the benchmark.
            grid (tuple[str, ...]): Settings to train with, one after another; may be empty.
            metric (str): Metric of the last evaluation that decides which of them is best.
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
        """Test a checkpoint and write its metrics to the JSON file ``out``."""
        command = tool_command(self.tools, 'test', [config, checkpoint], self.ranks)
        self._call('test', [*command, '--work-dir', str(folder), '--out', str(out)])

    def _call(self, what: str, command: list[str]) -> None:
        status = run_logged(command, self.log)
        if status:
            raise BenchmarkError(f'tools/{what}.py: exit status {status}, see {self.log}')


def best_cell(folder: Path) -> dict[str, str]:
    """Return the best settings of the finished sweep in a benchmark's folder."""
    return json.loads((folder / SWEEP / SUMMARY).read_text())['best']
