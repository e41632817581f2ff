"""Time of an exact softmax step as a linear function of N.

python benchmarks/scale.py [--dtype bfloat16] [--largest 10000000] [--device cpu]
"""

import argparse
import statistics

import numpy as np
import torch
from measure import seconds
from torch.nn.functional import normalize

from npid_mm.losses import exact_softmax_loss

BATCH, DIM, TEMPERATURE = 32, 128, 0.07


def step_seconds(length: int, dtype: torch.dtype, device: str, rounds: int) -> float:
    """Median time of loss and backward over a bank of ``length`` rows."""
    bank = torch.empty(length, DIM, dtype=dtype, device=device)
    for block in bank.split(1 << 20):
        block.copy_(normalize(torch.randn(block.shape, device=device)))
    index = torch.randint(length, (BATCH,), device=device)
    output = torch.randn(BATCH, DIM, device=device, requires_grad=True)

    def step():
        exact_softmax_loss(normalize(output), bank, index, TEMPERATURE).backward()

    step()
    return statistics.median(seconds(step, device) for _ in range(rounds))


def main() -> None:
    """Measure, fit and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--dtype', default='bfloat16', choices=['float32', 'bfloat16', 'float16'])
    parser.add_argument('--largest', type=int, default=10_000_000)
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--rounds', type=int, default=5)
    args = parser.parse_args()
    lengths = [n for n in (10**4, 10**5, 10**6, 10**7) if n <= args.largest]
    dtype = getattr(torch, args.dtype)
    times = [step_seconds(n, dtype, args.device, args.rounds) for n in lengths]
    print(f'B={BATCH}, D={DIM}, {args.dtype}, {args.device}, {torch.get_num_threads()} threads\n')
    print('| N | ms | ns per row |\n| ---: | ---: | ---: |')
    for length, time in zip(lengths, times, strict=True):
        print(f'| {length:,} | {1e3 * time:.2f} | {1e9 * time / length:.1f} |')
    # relative residuals: all sizes have the same weight
    weights = 1 / np.array(times)
    slope, start = np.polyfit(lengths, times, 1, w=weights)
    worst = max(abs(slope * n + start - t) / t for n, t in zip(lengths, times, strict=True))
    print(
        f'\nseconds = {start:.2e} + {slope:.3e} N, off by at most {100 * worst:.0f} %; '
        f'one step over 10^9 rows: {slope * 1e9:.0f} s here'
    )


if __name__ == '__main__':
    main()
