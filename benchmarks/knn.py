"""Weighted kNN at ImageNet's size against faiss-cpu and mmselfsup 1.0.0.

    python benchmarks/knn.py --peer-python PATH/TO/PYTHON/WITH/MMSELFSUP

All searches answer the same queries in turn, round after round; the table shows the median time
and the median of the ratios within a round. faiss only searches; mmselfsup's ``knn_eval`` also
normalises and votes, and is compared with ``weighted_knn``, which votes too. Neighbours that are
not faiss's, or accuracies that are not mmselfsup's, end the script with an error.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path

import torch
from torch.nn.functional import normalize

from npid_mm.evaluation import nearest_neighbors, weighted_knn

CLASSES = 1000
TEMPERATURE = 0.07
COMPARED = (10, 20, 100, 200)  # K at which the accuracies must be those of mmselfsup
ROUNDING = 1e-4  # of a score, with which two arithmetics of float32 may differ


def parse_args():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--length', type=int, default=1_281_167, help='N, rows of the bank')
    parser.add_argument('--dim', type=int, default=128, help='D, feature dimension')
    parser.add_argument('--queries', type=int, default=500)
    parser.add_argument('--k', type=int, default=200, help='K, neighbours')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--peer-python', help='Python with mmselfsup==1.0.0; left out without')
    return parser.parse_args()


def make_data(args):
    """Unit rows around their class's direction, in random order."""
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


def timed(function, device):
    """Seconds and result of one call."""
    start = time.perf_counter()
    result = function()
    if device.type == 'cuda':
        torch.cuda.synchronize(device)
    return time.perf_counter() - start, result


def faiss_search(args, data):
    """A search of faiss's exact index, filled beforehand."""
    import faiss

    faiss.omp_set_num_threads(args.threads)
    index = faiss.IndexFlatIP(args.dim)
    index.add(data['bank'].numpy())
    query = data['query'].numpy()
    return lambda: index.search(query, args.k)


def our_runs(args, data):
    """A search and a vote for a bank of each dtype."""
    query, labels = data['query'], data['labels']
    runs = {}
    for bank in (data['bank'], data['bank'].bfloat16()):
        name = 'npid_mm ' + str(bank.dtype).removeprefix('torch.')
        search = partial(nearest_neighbors, query, bank, args.k)
        vote = partial(weighted_knn, query, bank, labels, args.k, TEMPERATURE, CLASSES)
        runs[f'{name}, search'] = partial(timed, search, query.device)
        runs[f'{name}, search and vote'] = partial(timed, vote, query.device)
    return runs


class Peer:
    """mmselfsup in its own Python, answering one round at a time."""

    def __init__(self, args, path):
        script = Path(__file__).parent / 'peers' / 'mmselfsup_knn.py'
        values = (path, TEMPERATURE, args.threads, args.device)
        self.process = subprocess.Popen(
            [args.peer_python, script, *map(str, values)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()

    def _answer(self):
        for line in self.process.stdout:
            if line.startswith(('{', '"')):  # upstream packages print, too
                return json.loads(line)
        raise RuntimeError(f'mmselfsup ended with code {self.process.wait()}')

    def run(self, k):
        """Seconds of one round with K neighbours, and accuracy in percent: '1' and '5' -> share."""
        self.process.stdin.write(f'{k}\n')
        self.process.stdin.flush()
        answer = self._answer()
        return answer['seconds'], answer['accuracy']

    def close(self):
        """Let it end."""
        self.process.stdin.close()
        self.process.wait()


def limits(args, bank, query):
    """Seconds to read the bank once, and to do the products alone, on this machine."""
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


def check(data, found, args):
    """Compare neighbours with those of faiss and say how far they agree."""
    similarity, index = (torch.as_tensor(part) for part in found)
    ours, ours_index = nearest_neighbors(data['query'], data['bank'], args.k)
    difference = (ours.cpu() - similarity).abs().max().item()
    differ = ours_index.cpu() != index
    # Two places may be swapped where the similarities differ by no more than rounding does.
    print(
        f'same neighbours as faiss in {1 - differ.float().mean().item():.4%} of the places; '
        f'largest difference of a similarity {difference:.1e}'
    )
    if difference > 1e-5:
        raise SystemExit('the neighbours are not those of faiss')


def bounds(scores, targets, top):
    """Lowest and highest accuracy in percent that rounding leaves open.

    Open is a query whose true class has as much as the last that counts: by rounding, or because
    neither has a vote, where ``knn_eval`` takes any class.
    """
    true = scores.gather(1, targets[:, None]).squeeze(1)
    others = scores.scatter(1, targets[:, None], -1)
    last = others.topk(top, 1).values[:, -1]
    undecided = (true - last).abs() <= ROUNDING * torch.maximum(true, last)
    right = (true > last) & ~undecided
    lowest = 100 * right.double().mean().item()
    return lowest, lowest + 100 * undecided.double().mean().item()


def compare(data, peer):
    """Compare top-1 and top-5 with mmselfsup's at each K of :data:`COMPARED`."""
    found = weighted_knn(
        data['query'], data['bank'], data['labels'], COMPARED, TEMPERATURE, CLASSES
    )
    for k, scores in found.items():
        _, theirs = peer.run(k)
        for top in (1, 5):
            low, high = bounds(scores, data['targets'], top)
            value = theirs[str(top)]
            shown = f'{low:.2f}' if high == low else f'{low:.2f} to {high:.2f}'
            print(f'top-{top} at K={k}: mmselfsup {value:.2f} %, npid_mm {shown} %')
            if not low - 1e-6 <= value <= high + 1e-6:
                raise SystemExit(f'top-{top} at K={k} is not that of mmselfsup')


def main():
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
            peer = Peer(args, path)
        runs = {}
        if device.type == 'cpu':
            search = faiss_search(args, data)
            runs['faiss-cpu IndexFlatIP, search'] = partial(timed, search, device)
        if peer:
            runs['mmselfsup knn_eval, search and vote'] = partial(peer.run, args.k)
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


def report(args, seconds):
    """The table: median seconds, and how much longer than ours the others took."""
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
