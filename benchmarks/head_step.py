"""Time and memory of one training step after the neck, compared with MMSelfSup.

    python benchmarks/head_step.py --peer-python PATH [--device cuda]

PATH is an interpreter with mmselfsup 1.0.0. A step is loss, backward and bank update.
Rounds of both alternate, so that the load of the machine is the same.
"""

import argparse
import os
import statistics
import subprocess
from pathlib import Path

import torch
from measure import extra_megabytes, seconds
from rich.console import Console
from rich.table import Table
from torch.nn.functional import normalize

from npid_mm.losses import draw_negatives, exact_softmax_loss, sampled_softmax_loss

HERE = Path(__file__).parent
PEER = 'MMSelfSup 1.0.0, 65,536 negatives'
BATCH, LENGTH, DIM, NEGATIVES, TEMPERATURE = 32, 1_281_167, 128, 65_536, 0.07


class Peer:
    """MMSelfSup's step in another interpreter."""

    def __init__(self, python: str, device: str, length: int = LENGTH):
        command = [python, '-W', 'ignore', str(HERE / 'peers' / 'mmselfsup_step.py'), device]
        command += [str(size) for size in (BATCH, length, DIM, NEGATIVES)]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, 'PYTHONPATH': str(HERE)},
        )
        self._until('ready')

    def ask(self, what: str) -> float:
        """Run one step and return its 'seconds' or 'memory'."""
        print(what, file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())

    def close(self) -> None:
        """End the process by closing its input."""
        self.process.stdin.close()
        self.process.wait()

    def _until(self, word):
        for line in self.process.stdout:
            if line.strip() == word:
                return
        raise SystemExit('MMSelfSup ended before its first step; see its message above')


def make_step(bank: torch.Tensor, num_negatives: int, batch: int = BATCH):
    """Return a function that does one step; 0 negatives select the exact softmax."""
    device = bank.device
    output = torch.randn(batch, DIM, device=device, requires_grad=True)

    def step():
        output.grad = None
        index = torch.randint(len(bank), (batch,), device=device)
        feature = normalize(output)
        if num_negatives:
            negatives = draw_negatives(batch, num_negatives, len(bank), device=device)
            loss = sampled_softmax_loss(feature, bank, index, negatives, TEMPERATURE)
        else:
            loss = exact_softmax_loss(feature, bank, index, TEMPERATURE)
        loss.backward()
        bank[index] = normalize(0.5 * bank[index] + 0.5 * feature.detach()).to(bank.dtype)

    return step


def main() -> None:
    """Measure in alternating rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--peer-python', required=True, help='interpreter with mmselfsup 1.0.0')
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--rounds', type=int, default=7)
    args = parser.parse_args()

    torch.manual_seed(0)
    single = normalize(torch.randn(LENGTH, DIM, device=args.device))
    half = single.bfloat16()
    steps = {
        'exact, float32 bank': make_step(single, 0),
        'exact, bfloat16 bank': make_step(half, 0),
        'sampled 65,536, float32 bank': make_step(single, NEGATIVES),
    }
    read = {
        'exact, float32 bank': single.nbytes,
        'exact, bfloat16 bank': half.nbytes,
        'sampled 65,536, float32 bank': BATCH * NEGATIVES * DIM * single.itemsize,
    }
    read[PEER] = read['sampled 65,536, float32 bank']

    peer = Peer(args.peer_python, args.device)
    memory = {name: extra_megabytes(step, args.device) for name, step in steps.items()}
    memory[PEER] = peer.ask('memory')
    times = {name: [] for name in read}
    for _ in range(args.rounds):
        times[PEER].append(peer.ask('seconds'))
        for name, step in steps.items():
            times[name].append(seconds(step, args.device))
    peer.close()
    bandwidth = single.nbytes / min(seconds(single.sum, args.device) for _ in range(args.rounds))

    table = Table(
        title=f'B={BATCH}, D={DIM}, N={LENGTH:,}, {args.device}, {torch.get_num_threads()} CPU '
        f'threads, {args.rounds} rounds, reads at {bandwidth / 1e9:.0f} GB/s'
    )
    for column in ('step', 'median ms', 'min ms', 'x peer', 'peak extra MB', 'limit ms'):
        table.add_column(column, justify='left' if column == 'step' else 'right')
    base = statistics.median(times[PEER])
    for name in (PEER, *steps):
        median = statistics.median(times[name])
        table.add_row(
            name,
            f'{median * 1e3:.1f}',
            f'{min(times[name]) * 1e3:.1f}',
            f'{base / median:.1f}',
            f'{memory[name]:.0f}',
            f'{read[name] / bandwidth * 1e3:.1f}',
        )
    console = Console(width=110)
    console.print(table)
    console.print('limit: bytes of the rows that a step must read / measured read bandwidth')


if __name__ == '__main__':
    main()
