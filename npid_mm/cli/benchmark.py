"""Run a suite of benchmarks on a checkpoint and report them beside published results.

npid benchmark CHECKPOINT [--only imagenet-knn voc07-svm] [--gpus 8]

Benchmarks without data are skipped, and the others run even if one fails. Repeat the command to
resume.
"""

import argparse
from collections import deque
from pathlib import Path

from rich.console import Console

from npid_mm.checkpoints import backbone_weights
from npid_mm.cli.common.options import add_config_options
from npid_mm.cli.common.preflight import check_writable
from npid_mm.cli.common.run_tool import ToolParser
from npid_mm.suites import SUITES
from npid_mm.suites.report import MARKDOWN, about, check_folder, write_report
from npid_mm.suites.suite_run import SuiteRun
from npid_mm.utils.checks import check_whole
from npid_mm.utils.hashing import file_sha256
from npid_mm.utils.paths import MIM

ROOT = (MIM / 'tools').resolve().parent  # has configs/ and tools/
TAIL = 15  # lines of a failed benchmark's log that are shown


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(
        description='Run a suite of benchmarks on a checkpoint, and report the results beside '
        'published ones.'
    )
    parser.add_argument('checkpoint', type=Path, help='checkpoint file of a pretraining')
    parser.add_argument(
        '--suite',
        choices=list(SUITES),
        default='classification',
        help='benchmarks to run; default: %(default)s',
    )
    parser.add_argument(
        '--data-root', type=Path, default=Path('data'), help='folder of all data sets'
    )
    parser.add_argument('--only', nargs='+', metavar='NAME', help='run these benchmarks only')
    parser.add_argument('--gpus', type=int, default=1, help='GPUs per run; default: %(default)s')
    parser.add_argument(
        '--work-dir',
        type=Path,
        help='folder for the report and all runs; default: '
        'work_dirs/benchmark/CHECKPOINT-HASH/SUITE',
    )
    add_config_options(parser)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the unfinished benchmarks; return the exit status."""
    args = parse_args(argv)
    check_whole('--gpus', args.gpus)
    suite, console = SUITES[args.suite], Console(soft_wrap=True, markup=False, highlight=False)
    chosen = suite.select(args.only)
    backbone_weights(args.checkpoint)  # raises what every benchmark would raise
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
            _show_tail(console, run.log(benchmark))
    console.print(f'report: {folder / MARKDOWN}')
    return 1 if failed else 0


def _show_tail(console: Console, log: Path) -> None:
    """Print the last lines of a log, if it exists."""
    if log.is_file():
        with open(log, errors='replace') as lines:
            for line in deque(lines, TAIL):
                console.print(f'    {line.rstrip()}')
