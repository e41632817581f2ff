#!/usr/bin/env python
"""Run a suite of benchmarks on a checkpoint and report them beside published figures.

python tools/benchmark.py CHECKPOINT [--only imagenet-knn voc07-svm] [--gpus 8]

Runs what the data at hand allow; one that fails does not keep the others from running. The same
command again goes on where it stopped.
"""

import argparse
import sys
from collections import deque
from pathlib import Path

from rich.console import Console

from npid_mm.checkpoints import backbone_weights
from npid_mm.cli.errors import ToolParser, run_tool
from npid_mm.cli.options import add_config_options
from npid_mm.cli.preflight import check_writable
from npid_mm.suites.classification import CLASSIFICATION
from npid_mm.suites.detection import DETECTION
from npid_mm.suites.report import MARKDOWN, about, check_folder, write_report
from npid_mm.suites.run import SuiteRun
from npid_mm.suites.segmentation import SEGMENTATION
from npid_mm.utils.checks import check_whole
from npid_mm.utils.hashing import file_sha256

ROOT = Path(__file__).resolve().parents[1]
SUITES = {
    'classification': CLASSIFICATION,
    'detection': DETECTION,
    'segmentation': SEGMENTATION,
}
TAIL = 15  # lines of a failed benchmark's log that are shown


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(description='Run benchmarks on a checkpoint.')
    parser.add_argument('checkpoint', type=Path, help='checkpoint file of a pretraining')
    parser.add_argument('--suite', choices=list(SUITES), default='classification')
    parser.add_argument(
        '--data-root', type=Path, default=Path('data'), help='folder of all data sets'
    )
    parser.add_argument('--only', nargs='+', metavar='NAME', help='run these benchmarks only')
    parser.add_argument('--gpus', type=int, default=1, help='ranks of each run')
    parser.add_argument('--work-dir', type=Path, help='folder of the report and of all runs')
    add_config_options(parser)
    return parser.parse_args()


def main() -> int:
    """Run what is left to run; returns the exit status."""
    args = parse_args()
    check_whole('--gpus', args.gpus)
    suite, console = SUITES[args.suite], Console(soft_wrap=True, markup=False, highlight=False)
    chosen = suite.select(args.only)
    backbone_weights(args.checkpoint)  # refuses what every benchmark would refuse
    digest = file_sha256(args.checkpoint)
    name = f'{args.checkpoint.stem}-{digest[:8]}'
    folder = args.work_dir or Path('work_dirs/benchmark') / name / args.suite
    check_writable(folder, '--work-dir')
    run = SuiteRun(
        suite, args.checkpoint, digest, folder, ROOT, args.data_root, args.gpus, args.cfg_options
    )
    subject = about(run, args.suite)
    check_folder(folder, subject)
    console.print('looking at the data')
    write_report(run, subject)
    failed = 0
    for number, benchmark in enumerate(chosen, 1):
        console.print(f'{number} of {len(chosen)}: {benchmark.name}')
        outcome = run.outcome(benchmark)
        if outcome.state == 'finished':
            console.print('  finished before')
            continue
        if outcome.state != 'no data':
            run.run(benchmark)
            write_report(run, subject)
            outcome = run.outcome(benchmark)
        console.print(f'  {outcome.state}')
        for note in outcome.notes:
            console.print(f'  {note}')
        if outcome.state == 'failed':
            failed += 1
            show_tail(console, run.log(benchmark))
    console.print(f'report: {folder / MARKDOWN}')
    return 1 if failed else 0


def show_tail(console: Console, log: Path) -> None:
    """Print the last lines of a log, if there is one."""
    if log.is_file():
        with open(log, errors='replace') as lines:
            for line in deque(lines, TAIL):
                console.print(f'    {line.rstrip()}')


if __name__ == '__main__':
    sys.exit(run_tool(main))
