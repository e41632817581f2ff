"""Live progress bar of a training on a terminal."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.hooks import Hook
from mmengine.runner import Runner
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

SMOOTHED = 20  # steps that the shown loss and speed are means of


@contextmanager
def live_progress(runner: Runner) -> Iterator[None]:
    """Show a progress bar instead of log lines while the runner trains on a terminal.

    Warnings still appear above the bar, and the log file has all lines. Without a terminal, and on
    all ranks but the first, nothing changes.

    Args:
        runner (Runner): Its training shows epoch, loss, metrics of the last validation, images per
            second, and the remaining time.
    """
    if not (sys.stdout.isatty() and runner.rank == 0):
        yield
        return
    bar = Progress(
        TextColumn('{task.description}'),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn('left'),
        TimeRemainingColumn(),
    )
    runner.register_hook(_ProgressHook(bar), 'LOWEST')
    with bar, _warnings_only(runner.logger):
        yield


@contextmanager
def _warnings_only(logger: logging.Logger) -> Iterator[None]:
    """Print only warnings, above the bar; files get all lines."""
    consoles = [
        each
        for each in logger.handlers
        if isinstance(each, logging.StreamHandler) and not isinstance(each, logging.FileHandler)
    ]
    before = [(each.level, each.stream) for each in consoles]
    for each in consoles:
        each.setLevel(max(each.level, logging.WARNING))
        each.setStream(sys.stdout)  # while the bar is shown, it prints above the bar
    try:
        yield
    finally:
        for each, (level, stream) in zip(consoles, before, strict=True):
            each.setLevel(level)
            each.setStream(stream)


class _ProgressHook(Hook):
    """Update a bar after each step.

    Args:
        bar (Progress): Shown as long as its context is open.
    """

    def __init__(self, bar: Progress):
        self.bar = bar
        self.metrics = ''

    def before_train(self, runner: Runner) -> None:
        """Start the bar at the step that the run resumes from."""
        self.task = self.bar.add_task(
            'starting', total=runner.max_iters, completed=runner.iter, start=True
        )

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | tuple | list | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Show loss and speed."""
        scalars = runner.message_hub.log_scalars
        parts = [f'epoch {runner.epoch + 1}/{runner.max_epochs}']
        if 'train/loss' in scalars:
            parts.append(f'loss {scalars["train/loss"].mean(SMOOTHED):.3f}')
        if self.metrics:
            parts.append(self.metrics)
        if isinstance(data_batch, dict) and 'train/time' in scalars:
            images = len(data_batch['inputs']) * runner.world_size
            parts.append(f'{images / scalars["train/time"].mean(SMOOTHED):,.0f} images/s')
        self.bar.update(self.task, completed=runner.iter + 1, description='  '.join(parts))

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Keep the first metric for the next steps, and print all of them above the bar."""
        shown = [f'{name} {value:.1f}' for name, value in (metrics or {}).items()]
        if shown:
            self.metrics = shown[0]
            self.bar.console.print(f'epoch {runner.epoch}: {", ".join(shown)}', highlight=False)
