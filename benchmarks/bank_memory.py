"""Time and memory to build the memory bank, compared with MMSelfSup.

    python benchmarks/bank_memory.py --peer-python PATH

PATH is an interpreter with mmselfsup 1.0.0. Each bank is built in a new process, in alternating
rounds.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
LENGTH, DIM = 1_281_167, 128
PEER = 'MMSelfSup 1.0.0, float32'


def build(python: str, script: str, *arguments: str) -> dict:
    """Run a script that builds a bank and prints its seconds, bytes and peak."""
    done = subprocess.run(
        [python, '-W', 'ignore', HERE / 'peers' / script, str(LENGTH), str(DIM), *arguments],
        check=True,
        text=True,
        stdout=subprocess.PIPE,
        env={**os.environ, 'PYTHONPATH': f'{HERE}{os.pathsep}{HERE.parent}'},
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Measure in alternating rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--peer-python', required=True, help='interpreter with mmselfsup 1.0.0')
    parser.add_argument('--rounds', type=int, default=3)
    args = parser.parse_args()
    cases = {PEER: (args.peer_python, 'mmselfsup_bank.py')}
    for dtype in ('float32', 'bfloat16', 'float16'):
        cases[f'ours, {dtype}'] = (sys.executable, 'our_bank.py', dtype)
    results = {name: [] for name in cases}
    for _ in range(args.rounds):
        for name, case in cases.items():
            results[name].append(build(*case))

    table = Table(title=f'N={LENGTH:,}, D={DIM}, {args.rounds} rounds')
    for column in ('bank', 'median s', 'x peer', 'bank MB', 'peak extra MB'):
        table.add_column(column, justify='left' if column == 'bank' else 'right')
    medians = {
        name: {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        for name, runs in results.items()
    }
    for name, median in medians.items():
        table.add_row(
            name,
            f'{median["seconds"]:.2f}',
            f'{medians[PEER]["seconds"] / median["seconds"]:.1f}',
            f'{median["bytes"] / 1e6:.0f}',
            f'{median["peak"]:.0f}',
        )
    Console(width=110).print(table)


if __name__ == '__main__':
    main()
