#!/usr/bin/env python
"""Train a config for every combination of some settings, and say which is best.

python tools/sweep.py CONFIG --grid optim_wrapper.optimizer.lr=0.1,0.01 --grid KEY=V1,V2 ...

Each combination has its own folder below --work-dir. The same command again goes on where it
stopped: finished ones are passed over, begun ones resumed, failed ones tried again.
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from npid_mm.cli.errors import ToolParser, run_tool
from npid_mm.cli.options import parse_options
from npid_mm.cli.preflight import check_writable
from npid_mm.config.metric_names import check_metric
from npid_mm.config.reading import read_config
from npid_mm.engine.folder_lock import sole_training
from npid_mm.suites.sweep import Sweep, grid_cells, parse_axis
from npid_mm.utils.checks import check_whole
from npid_mm.utils.files import existing_file
from npid_mm.utils.processes import tool_command

TOOLS = Path(__file__).resolve().parent


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(description='Train a config for every combination.')
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--grid',
        action='append',
        required=True,
        metavar='KEY=V1,V2',
        help='a setting of the config and its values; may be given several times',
    )
    parser.add_argument(
        '--metric',
        help='to compare by; more is better; default: the first that the validation logs, such as '
        'accuracy/top1 or knn/top1_k10',
    )
    parser.add_argument('--work-dir', type=Path, help='folder of the whole sweep')
    parser.add_argument('--gpus', type=int, default=1, help='ranks of each training')
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help="scale the learning rates by the global batch over the config's base_batch_size",
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        metavar='KEY=VALUE',
        help='settings that replace those of the config in every training',
    )
    return parser.parse_args()


def train_command(args: argparse.Namespace) -> list[str]:
    """The training that all combinations share; settings can be added at its end."""
    command = tool_command(TOOLS, 'train', [args.config], args.gpus)
    return [*command, *scaling(args), '--cfg-options', *args.cfg_options]


def scaling(args: argparse.Namespace) -> list[str]:
    """The option of tools/train.py, if it is asked for."""
    return ['--auto-scale-lr'] if args.auto_scale_lr else []


def as_table(sweep: Sweep, failed: dict[int, str]) -> Table:
    """A row for each combination, and what came out."""
    table = Table(title=f'{sweep.metric} at the last evaluation')
    for key in sweep.cells[0]:
        table.add_column(key, overflow='fold')
    table.add_column(sweep.metric, justify='right')
    best = sweep.best()
    for number, cell in enumerate(sweep.cells):
        metrics = sweep.result(cell)
        text = f'{metrics[sweep.metric]:.2f}' if metrics else f'failed: {failed[number]}'
        table.add_row(*cell.values(), f'{text} (best)' if cell == best else text)
    return table


def main() -> int:
    """Run the sweep, alone in its folder; returns the exit status."""
    args = parse_args()
    check_whole('--gpus', args.gpus)
    config = existing_file(args.config, 'config')
    cfg = read_config(config)
    cells = grid_cells([parse_axis(text) for text in args.grid])
    metric = None
    for cell in cells:  # all of them, before the first is trained
        settings = [f'{key}={value}' for key, value in cell.items()]
        changed = read_config(config, parse_options([*args.cfg_options, *settings]))
        metric = check_metric(changed, args.metric or metric)
    folder = args.work_dir or Path('work_dirs') / f'{Path(args.config).stem}-sweep'
    origin = dict(config=cfg.pretty_text, options=[*scaling(args), *args.cfg_options])
    check_writable(folder, '--work-dir')
    with sole_training(folder):
        return run_grid(Sweep(folder, cells, metric, origin), train_command(args))


def run_grid(sweep: Sweep, command: list[str]) -> int:
    """Train what is left of the grid and show what came out; returns the exit status."""
    console, failed = Console(), {}
    for number, cell in enumerate(sweep.cells):
        console.print(f'{number + 1} of {len(sweep.cells)}: {cell}', soft_wrap=True)
        if sweep.result(cell):
            console.print('  finished before')
            continue
        error = sweep.run(cell, command)
        if error:
            failed[number] = error
            console.print(f'  failed: {error}', soft_wrap=True)
    console.print(as_table(sweep, failed))
    best = sweep.best()
    if best:
        settings = ' '.join(f'{key}={value}' for key, value in best.items())
        figures = ', '.join(f'{name} {value:.2f}' for name, value in sweep.result(best).items())
        console.print(f'best: {settings} ({figures})', soft_wrap=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(run_tool(main))
