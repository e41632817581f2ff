"""Train a config with every combination of some settings, and report the best.

npid sweep CONFIG --grid optim_wrapper.optimizer.lr=0.1,0.01 --grid KEY=V1,V2 ...

Each combination has its own folder below --work-dir. Repeat the command to resume: finished
combinations are skipped, unfinished ones resumed, failed ones tried again.
"""

import argparse
from pathlib import Path

from rich.console import Console
from rich.table import Table

from npid_mm.cli.common.options import parse_options
from npid_mm.cli.common.preflight import check_writable
from npid_mm.cli.common.run_tool import ToolParser
from npid_mm.config.checks.metric_names import check_metric
from npid_mm.config.read_config import read_config
from npid_mm.config.shipped import find_config
from npid_mm.engine.folder_lock import sole_training
from npid_mm.suites.sweep import Sweep, grid_cells, parse_axis
from npid_mm.utils.checks import check_whole
from npid_mm.utils.child_process import tool_command
from npid_mm.utils.paths import MIM

TOOLS = (MIM / 'tools').resolve()


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(description='Train a config with every combination of some settings.')
    parser.add_argument('config', help='config file, or the name of a shipped one')
    parser.add_argument(
        '--grid',
        action='append',
        required=True,
        metavar='KEY=V1,V2',
        help='a setting of the config and its values; may be repeated',
    )
    parser.add_argument(
        '--metric',
        help='metric that decides which combination is best (higher is better); default: the '
        'first one that validation logs, such as accuracy/top1 or knn/top1_k10',
    )
    parser.add_argument(
        '--work-dir',
        type=Path,
        help='folder for all runs of the sweep; default: work_dirs/CONFIG-sweep',
    )
    parser.add_argument('--gpus', type=int, default=1, help='GPUs per run; default: %(default)s')
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
    return parser.parse_args(argv)


def _as_table(sweep: Sweep, failed: dict[int, str]) -> Table:
    """Make a table with a row per combination."""
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


def main(argv: list[str] | None = None) -> int:
    """Run the sweep, alone in its folder; return the exit status."""
    args = parse_args(argv)
    check_whole('--gpus', args.gpus)
    config = find_config(args.config)
    cfg = read_config(config)
    cells = grid_cells([parse_axis(text) for text in args.grid])
    metric = args.metric
    for cell in cells:  # check all before training the first
        settings = [f'{key}={value}' for key, value in cell.items()]
        changed = read_config(config, parse_options([*args.cfg_options, *settings]))
        metric = check_metric(changed, metric)
    folder = args.work_dir or Path('work_dirs') / f'{Path(config).stem}-sweep'
    scaling = ['--auto-scale-lr'] if args.auto_scale_lr else []
    origin = dict(config=cfg.pretty_text, options=[*scaling, *args.cfg_options])
    # settings can be added at the end of the command
    command = tool_command(TOOLS, 'train', [config], args.gpus)
    command += [*scaling, '--cfg-options', *args.cfg_options]
    check_writable(folder, '--work-dir')
    with sole_training(folder):
        return _run_grid(Sweep(folder, cells, metric, origin), command)


def _run_grid(sweep: Sweep, command: list[str]) -> int:
    """Train the unfinished combinations and print the results; return the exit status."""
    console = Console()
    failed: dict[int, str] = {}
    for number, cell in enumerate(sweep.cells):
        console.print(f'{number + 1} of {len(sweep.cells)}: {cell}', soft_wrap=True)
        if sweep.result(cell):
            console.print('  finished before')
            continue
        error = sweep.run(cell, command)
        if error:
            failed[number] = error
            console.print(f'  failed: {error}', soft_wrap=True)
    console.print(_as_table(sweep, failed))
    best = sweep.best()
    metrics = best and sweep.result(best)
    if best and metrics:
        settings = ' '.join(f'{key}={value}' for key, value in best.items())
        figures = ', '.join(f'{name} {value:.2f}' for name, value in metrics.items())
        console.print(f'best: {settings} ({figures})', soft_wrap=True)
    return 1 if failed else 0
