"""Find the near duplicates among a million rows: time, memory and share of planted copies found.

    python benchmarks/million_rows.py [--length 1000000] [--threads 2]

The rows lie around 1,000 directions, one per class. One percent of them are copies of other rows
with a cosine of about 0.97.
"""

import argparse
import resource
import time

import torch
from knn import make_data
from torch.nn import functional as F

from npid_mm.curation import all_neighbors, duplicate_groups, similar_pairs


def main() -> None:
    """Search, group and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--length', type=int, default=1_000_000, help='N, rows')
    parser.add_argument('--dim', type=int, default=128, help='D, feature dimension')
    parser.add_argument('--threads', type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    data = make_data(argparse.Namespace(length=args.length, dim=args.dim, queries=1))
    rows = data.pop('bank').half()
    count = args.length // 100
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(count, args.dim, generator=generator) * 0.25 / args.dim**0.5
    rows[:count] = F.normalize(rows[-count:].float() + noise).half()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    start, spent = time.perf_counter(), time.process_time()
    neighbors = all_neighbors(rows)
    middle = time.perf_counter()
    pairs = similar_pairs(neighbors, 0.95)
    groups = duplicate_groups(pairs.indices, args.length)
    end, spent = time.perf_counter(), time.process_time() - spent
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    found = set(map(tuple, pairs.indices.tolist()))
    hits = sum((row, args.length - count + row) in found for row in range(count)) / count
    print(f'{args.length:,} rows of {args.dim} dimensions in float16, {args.threads} threads')
    print(
        f'neighbors: {middle - start:.0f} s, groups: {end - middle:.0f} s, CPU time: {spent:.0f} s'
    )
    print(f'peak memory of the process: {peak:.2f} GB, {before:.2f} GB of it before')
    print(f'recall of the nearest neighbor: {neighbors.recall:.3f}, of planted copies: {hits:.4f}')
    print(f'{len(pairs.indices):,} pairs above 0.95 in {len(groups):,} groups')


if __name__ == '__main__':
    main()
