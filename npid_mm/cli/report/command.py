"""Compare the features of a run with pixels, an untrained network and other runs.

npid report RUN --probe NAME=FOLDER --out report.html
npid report RUN --probe NAME=FOLDER --beside pretrained=RUN --out report.html
"""

import argparse
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from npid_mm.cli.common.run_tool import ToolParser
from npid_mm.utils.output_files import PAGE, add_force, check_output
from npid_mm.utils.paths import printable_path

SEEDS = 3  # untrained networks, whose results are averaged
OWN, UNTRAINED = 'this run', 'untrained network'


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(
        description='Classify images by the features of a run, by raw pixels and by an untrained '
        'network, and write a page with the accuracies and neighbors.'
    )
    parser.add_argument('run', metavar='RUN', help='folder of a run, or a checkpoint')
    parser.add_argument(
        '--probe',
        action='append',
        required=True,
        metavar='NAME=FOLDER',
        help='images with a subfolder for each class; can be repeated',
    )
    parser.add_argument(
        '--beside',
        action='append',
        default=[],
        metavar='NAME=RUN',
        help='another run or checkpoint, such as a pretrained network; can be repeated',
    )
    parser.add_argument('--out', required=True, metavar='FILE', help='.html page to write')
    parser.add_argument('--config', help='config of the checkpoint, if RUN has no run.json')
    parser.add_argument(
        '--workers', type=int, default=2, help='processes that load images; default: %(default)s'
    )
    parser.add_argument('--device', help='device to compute on; default: the GPU, if there is one')
    add_force(parser)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Embed, classify, print the tables and write the page."""
    args = parse_args(argv)
    out = check_output(args.out, PAGE, args.force)
    folders = _named(args.probe, '--probe', 'FOLDER')
    beside = _named(args.beside, '--beside', 'RUN', reserved=(OWN, UNTRAINED))
    # slow to import
    from npid_mm.api.processes import worker_count
    from npid_mm.api.run_folder import find_run
    from npid_mm.engine.inference import load_network, untrained_network
    from npid_mm.utils.checks import check_whole
    from npid_mm.visualization.pages.probe_page import probe_page

    from .probe import examine, read_probe

    check_whole('--workers', args.workers, least=0)
    probes = [read_probe(name, folder) for name, folder in folders.items()]
    cfg, checkpoint = find_run(args.run, args.config)
    own = load_network(cfg, checkpoint, args.device)
    networks = {UNTRAINED: [untrained_network(cfg, seed, args.device) for seed in range(SEEDS)]}
    for name, run in beside.items():
        networks[name] = [load_network(*find_run(run), args.device)]
    networks[OWN] = [own]
    with tempfile.TemporaryDirectory() as folder:
        tables = [
            examine(probe, networks, Path(folder) / f'{number}.png', worker_count(args.workers))
            for number, probe in enumerate(probes)
        ]
        probe_page(tables, f'{args.run} on {", ".join(folders)}', out)
    console = Console()
    for table in tables:
        shown = Table(title=f'{printable_path(table.name)}, accuracy in %')
        shown.add_column('features')
        for column in table.columns:
            shown.add_column(column, justify='right')
        for name, figures in table.rows.items():
            shown.add_row(printable_path(name), *map(str, figures))
        console.print(shown)
    print(f'Look at {printable_path(out)}')


def _named(values: list[str], option: str, what: str, reserved: tuple = ()) -> dict[str, str]:
    """Split NAME=VALUE options.

    Raises:
        ValueError: If one has another form, or a name occurs twice.
    """
    found: dict[str, str] = {}
    for value in values:
        name, _, path = value.partition('=')
        if not name or not path or name in (*found, *reserved):
            raise ValueError(f'{option} must be NAME={what} with a new name, got {value}')
        found[name] = path
    return found
