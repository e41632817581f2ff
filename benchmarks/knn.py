"""Weighted kNN at the size of ImageNet, compared with faiss-cpu and mmselfsup 1.0.0.

    python benchmarks/knn.py --peer-python PATH/TO/PYTHON/WITH/MMSELFSUP

All searches answer the same queries in turn, for several rounds. The table shows the median time
and the median of the ratios within a round. faiss only searches; mmselfsup's ``knn_eval`` also
normalizes and votes, and is compared with ``weighted_knn``, which votes too. The script fails if
the neighbors differ from those of faiss, or the accuracies from those of mmselfsup.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from peer_process import PeerProcess
from torch import Tensor
from torch.nn.functional import normalize

from npid_mm.evaluation import nearest_neighbors, weighted_knn

CLASSES = 1000
TEMPERATURE = 0.07
COMPARED = (10, 20, 100, 200)  # K at which the accuracies must equal those of mmselfsup
ROUNDING = 1e-4  # relative difference of two float32 scores that is rounding


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--length', type=int, default=1_281_167, help='N, rows of the bank')
    parser.add_argument('--dim', type=int, default=128, help='D, feature dimension')
    parser.add_argument('--queries', type=int, default=500)
    parser.add_argument('--k', type=int, default=200, help='K, neighbors')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--peer-python', help='Python with mmselfsup==1.0.0; skipped by default')
    return parser.parse_args()


def make_data(args: argparse.Namespace) -> dict[str, Tensor]:
    """Generate unit rows around a direction of their class, in random order."""
    generator = torch.Generator().manual_seed(0)
    centers = torch.randn(CLASSES, args.dim, generator=generator)
    data = {}
    for rows, labels, length in (
        ('bank', 'labels', args.length),
        ('query', 'targets', args.queries),
    ):
        data[labels] = torch.randint(CLASSES, (length,), generator=generator)
        noise = torch.randn(length, args.dim, generator=generator)
        data[rows] = normalize(noise.mul_(2).add_(centers[data[labels]]), dim=1)
    return data


def timed(function: Callable, device: torch.device) -> tuple[float, Any]:
    """Time one call; returns the seconds and its result."""
    start = time.perf_counter()
    result = function()
    if device.type == 'cuda':
        torch.cuda.synchronize(device)
    return time.perf_counter() - start, result


def faiss_search(args: argparse.Namespace, data: dict[str, Tensor]) -> Callable:
    """Fill an exact index of faiss and return its search."""
    import faiss

    faiss.omp_set_num_threads(args.threads)
    index = faiss.IndexFlatIP(args.dim)
    index.add(data['bank'].numpy())
    query = data['query'].numpy()
    return lambda: index.search(query, args.k)


def our_runs(args: argparse.Namespace, data: dict[str, Tensor]) -> dict[str, Callable]:
    """Search, and search and vote, for a bank of each dtype."""
    query, labels = data['query'], data['labels']
    runs = {}
    for bank in (data['bank'], data['bank'].bfloat16()):
        name = 'npid_mm ' + str(bank.dtype).removeprefix('torch.')
        search = partial(nearest_neighbors, query, bank, args.k)
        vote = partial(weighted_knn, query, bank, labels, args.k, TEMPERATURE, CLASSES)
        runs[f'{name}, search'] = partial(timed, search, query.device)
        runs[f'{name}, search and vote'] = partial(timed, vote, query.device)
    return runs


def limits(args: argparse.Namespace, bank: Tensor, query: Tensor) -> None:
    """Print the time to read the bank once, and to compute the products alone."""
    read = min(timed(bank.sum, bank.device)[0] for _ in range(5))
    rows = 8192 if bank.device.type == 'cpu' else 131072
    block, out = bank[:rows].t(), query.new_empty(len(query), min(rows, len(bank)))
    product = min(timed(lambda: torch.mm(query, block, out=out), bank.device)[0] for _ in range(20))
    flops = 2 * out.numel() * args.dim / product
    print(
        f'limits: {bank.nbytes / 2**20:.0f} MiB at {bank.nbytes / read / 1e9:.1f} GB/s = '
        f'{read:.3f} s; {2 * out.shape[0] * args.length * args.dim / 1e9:.0f} GFLOP at '
        f'{flops / 1e9:.0f} GFLOP/s = {product * args.length / out.shape[1]:.3f} s'
    )


def check(data: dict[str, Tensor], found: tuple, args: argparse.Namespace) -> None:
    """Compare the neighbors with those of faiss."""
    similarity, index = (torch.as_tensor(part) for part in found)
    ours, ours_index = nearest_neighbors(data['query'], data['bank'], args.k)
    difference = (ours.cpu() - similarity).abs().max().item()
    differ = ours_index.cpu() != index
    print(
        f'same neighbors as faiss at {1 - differ.float().mean().item():.4%} of the ranks; '
        f'largest difference of a similarity {difference:.1e}'
    )
    if difference > 1e-5:
        raise SystemExit('the neighbors are not those of faiss')


def bounds(scores: Tensor, targets: Tensor, top: int) -> tuple[float, float]:
    """Lowest and highest top-k accuracy in percent that rounding and ties allow.

    A query is undecided if the score of its true class equals that of the last class that counts,
    up to rounding, or if neither has a vote, as ``knn_eval`` then takes any class.
    """
    true = scores.gather(1, targets[:, None]).squeeze(1)
    others = scores.scatter(1, targets[:, None], -1)
    last = others.topk(top, 1).values[:, -1]
    undecided = (true - last).abs() <= ROUNDING * torch.maximum(true, last)
    right = (true > last) & ~undecided
    lowest = 100 * right.double().mean().item()
    return lowest, lowest + 100 * undecided.double().mean().item()


def compare(data: dict[str, Tensor], peer: PeerProcess) -> None:
    """Compare top-1 and top-5 with those of mmselfsup at each K of :data:`COMPARED`."""
    found = weighted_knn(
        data['query'], data['bank'], data['labels'], COMPARED, TEMPERATURE, CLASSES
    )
    for k, scores in found.items():
        theirs = peer.ask(k)['accuracy']
        for top in (1, 5):
            low, high = bounds(scores, data['targets'], top)
            value = theirs[str(top)]
            shown = f'{low:.2f}' if high == low else f'{low:.2f} to {high:.2f}'
            print(f'top-{top} at K={k}: mmselfsup {value:.2f} %, npid_mm {shown} %')
            if not low - 1e-6 <= value <= high + 1e-6:
                raise SystemExit(f'top-{top} at K={k} is not that of mmselfsup')


def main() -> None:
    """Run all rounds and print the table."""
    args = parse_args()
    torch.set_num_threads(args.threads)
    device = torch.device(args.device)
    data = make_data(args)
    with tempfile.TemporaryDirectory() as folder:
        peer = None
        if args.peer_python:
            path = Path(folder) / 'data.pt'
            torch.save(data, path)
            values = (path, TEMPERATURE, args.threads, args.device)
            peer = PeerProcess(args.peer_python, 'mmselfsup_knn.py', *values)
        runs = {}
        if device.type == 'cpu':
            search = faiss_search(args, data)
            runs['faiss-cpu IndexFlatIP, search'] = partial(timed, search, device)
        if peer:
            runs['mmselfsup knn_eval, search and vote'] = lambda: (
                peer.ask(args.k)['seconds'],
                None,
            )
        data = {name: value.to(device) for name, value in data.items()}
        runs.update(our_runs(args, data))
        limits(args, data['bank'], data['query'])
        seconds, results = {name: [] for name in runs}, {}
        for _ in range(args.rounds):
            for name, run in runs.items():
                taken, results[name] = run()
                seconds[name].append(taken)
        report(args, seconds)
        if device.type == 'cpu':
            check(data, results['faiss-cpu IndexFlatIP, search'], args)
        for name, result in results.items():
            if isinstance(result, torch.Tensor):
                top1 = 100 * (result.argmax(1) == data['targets']).float().mean().item()
                print(f'top-1 {top1:.2f} %: {name}')
        if peer:
            compare(data, peer)
            peer.close()


def report(args: argparse.Namespace, seconds: dict[str, list[float]]) -> None:
    """Print the median seconds, and the ratios to ours."""
    print(
        f'N={args.length} D={args.dim} Q={args.queries} K={args.k}, {args.threads} threads, '
        f'{args.device}, median of {args.rounds} rounds'
    )
    print(f'{"":45} {"s":>7} {"x float32":>10} {"x bfloat16":>10}')
    for name, values in seconds.items():
        kind = name.split(', ')[1]
        ratios = [
            statistics.median(
                mine / ours
                for mine, ours in zip(values, seconds[f'npid_mm {dtype}, {kind}'], strict=True)
            )
            for dtype in ('float32', 'bfloat16')
        ]
        print(f'{name:45} {statistics.median(values):7.3f} {ratios[0]:10.2f} {ratios[1]:10.2f}')


if __name__ == '__main__':
    main()
